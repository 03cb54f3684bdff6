package org.sluice.core.iova;

import java.util.Arrays;

/**
 * The page frames of an IOVA space that nobody has, as a search tree of ranges in plain arrays. Each node knows the largest
 * range below it, so a top-down search passes by what is too small without looking into it; Linux walks its tree range by
 * range instead and remembers where it was.
 *
 * <p>The tree is a treap: a node's random priority keeps it balanced, whatever the order of allocations. Nothing is allocated
 * once the arrays are large enough. Not thread-safe. Page frame numbers are above 0 and below 2^52.
 */
final class FreeRanges {
    private static final int NIL = 0;
    private static final int INITIAL = 64;

    private long[] first = new long[INITIAL];
    private long[] last = new long[INITIAL]; // inclusive
    private long[] largest = new long[INITIAL]; // pages of the largest range in the subtree
    private int[] left = new int[INITIAL];
    private int[] right = new int[INITIAL];
    private int[] priority = new int[INITIAL];
    private int used = 1; // node 0 is nil
    private int spare = NIL; // released nodes, linked by left
    private int root = NIL;
    private int seed = 0x9e3779b9;
    private long pages;
    private int ranges;

    /** Halves of the latest split. */
    private int below;

    private int above;

    FreeRanges() {}

    /** Pages that are free. */
    long pages() {
        return pages;
    }

    /** Ranges that they are in. */
    int ranges() {
        return ranges;
    }

    /**
     * Takes the highest aligned frames.
     *
     * @param count pages, above 0
     * @param alignment of the first frame, a power of two in pages
     * @param limit last frame that may be used
     * @return the first frame; 0 if there are none
     */
    long takeHighest(long count, long alignment, long limit) {
        int node = find(root, count, alignment, limit);
        if (node == NIL) {
            return 0;
        }
        long frame = highest(node, count, alignment, limit);
        carve(first[node], last[node], frame, frame + count - 1);
        return frame;
    }

    /**
     * Takes out whatever is free of a range, for frames that must never be handed out.
     *
     * @param from first frame
     * @param to last frame
     * @return pages that were free there
     */
    long withhold(long from, long to) {
        long before = pages;
        for (int node = overlapping(from, to); node != NIL; node = overlapping(from, to)) {
            carve(first[node], last[node], Math.max(from, first[node]), Math.min(to, last[node]));
        }
        return before - pages;
    }

    /**
     * Gives frames back; they join their neighbours.
     *
     * @param from first frame
     * @param to last frame
     * @return false if one of them is free already; nothing changes then
     */
    boolean give(long from, long to) {
        if (overlapping(from, to) != NIL) {
            return false;
        }
        long start = from;
        long end = to;
        int before = overlapping(from - 1, from - 1);
        if (before != NIL) {
            start = first[before];
            remove(start);
        }
        int after = overlapping(to + 1, to + 1);
        if (after != NIL) {
            end = last[after];
            remove(first[after]);
        }
        insert(start, end);
        return true;
    }

    /** How many frames of a range are free. */
    long count(long from, long to) {
        return count(root, from, to);
    }

    private long count(int node, long from, long to) {
        if (node == NIL) {
            return 0;
        }
        long own = Math.max(0, Math.min(to, last[node]) - Math.max(from, first[node]) + 1);
        return own
                + (from < first[node] ? count(left[node], from, to) : 0)
                + (to > last[node] ? count(right[node], from, to) : 0);
    }

    private void carve(long start, long end, long from, long to) {
        if (start < from) {
            // The lower rest keeps the node: its place in the order does not change.
            shorten(root, start, from - 1);
        } else {
            remove(start);
        }
        if (to < end) {
            insert(to + 1, end);
        }
    }

    private long highest(int node, long count, long alignment, long limit) {
        long frame = (Math.min(last[node], limit) + 1 - count) & -alignment;
        return frame >= first[node] ? frame : 0;
    }

    private int find(int node, long count, long alignment, long limit) {
        int at = node;
        while (at != NIL && largest[at] >= count) {
            if (first[at] <= limit) {
                int higher = find(right[at], count, alignment, limit);
                if (higher != NIL) {
                    return higher;
                }
                if (highest(at, count, alignment, limit) != 0) {
                    return at;
                }
            }
            at = left[at];
        }
        return NIL;
    }

    private int overlapping(long from, long to) {
        int node = root;
        while (node != NIL) {
            if (last[node] < from) {
                node = right[node];
            } else if (first[node] > to) {
                node = left[node];
            } else {
                return node;
            }
        }
        return NIL;
    }

    private void shorten(int node, long start, long end) {
        if (first[node] == start) {
            pages -= last[node] - end;
            last[node] = end;
        } else {
            shorten(start < first[node] ? left[node] : right[node], start, end);
        }
        update(node);
    }

    private void insert(long start, long end) {
        int node = newNode(start, end);
        split(root, start);
        root = merge(merge(below, node), above);
        pages += end - start + 1;
        ranges++;
    }

    private void remove(long start) {
        split(root, start);
        int lower = below;
        split(above, start + 1);
        int gone = below;
        root = merge(lower, above);
        pages -= last[gone] - first[gone] + 1;
        ranges--;
        left[gone] = spare;
        spare = gone;
    }

    /** Cuts a tree into the ranges that start before a frame and the others. */
    private void split(int node, long start) {
        if (node == NIL) {
            below = NIL;
            above = NIL;
        } else if (first[node] < start) {
            split(right[node], start);
            right[node] = below;
            below = node;
            update(node);
        } else {
            split(left[node], start);
            left[node] = above;
            above = node;
            update(node);
        }
    }

    private int merge(int lower, int higher) {
        if (lower == NIL || higher == NIL) {
            return lower + higher;
        }
        int top;
        if (priority[lower] > priority[higher]) {
            top = lower;
            right[top] = merge(right[lower], higher);
        } else {
            top = higher;
            left[top] = merge(lower, left[higher]);
        }
        update(top);
        return top;
    }

    private void update(int node) {
        long own = last[node] - first[node] + 1;
        largest[node] = Math.max(own, Math.max(largest[left[node]], largest[right[node]]));
    }

    private int newNode(long start, long end) {
        int node = spare;
        if (node != NIL) {
            spare = left[node];
        } else {
            if (used == first.length) {
                grow();
            }
            node = used++;
        }
        first[node] = start;
        last[node] = end;
        left[node] = NIL;
        right[node] = NIL;
        seed ^= seed << 13;
        seed ^= seed >>> 17;
        seed ^= seed << 5;
        priority[node] = seed;
        update(node);
        return node;
    }

    private void grow() {
        int size = 2 * used;
        first = Arrays.copyOf(first, size);
        last = Arrays.copyOf(last, size);
        largest = Arrays.copyOf(largest, size);
        left = Arrays.copyOf(left, size);
        right = Arrays.copyOf(right, size);
        priority = Arrays.copyOf(priority, size);
    }
}
