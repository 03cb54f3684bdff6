package org.sluice.core.iova;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FreeRangesTest {
    private static final int FRAMES = 700;

    /** The plain way: a bit for each frame, and a search from the top. */
    private static int highest(BitSet free, int count, int alignment, int limit) {
        for (int at = (Math.min(limit, FRAMES) + 1 - count) / alignment * alignment; at > 0; at -= alignment) {
            if (at + count - 1 <= limit && free.nextClearBit(at) >= at + count) {
                return at;
            }
        }
        return 0;
    }

    @Test
    void agreesWithABitmapOnEveryAnswer() {
        for (int seed = 1; seed <= 40; seed++) {
            Random random = new Random(seed);
            FreeRanges ranges = new FreeRanges();
            BitSet free = new BitSet();
            ranges.give(1, FRAMES);
            free.set(1, FRAMES + 1);
            for (int step = 0; step < 1500; step++) {
                int count = 1 + random.nextInt(random.nextInt(6) == 0 ? 70 : 9);
                if (random.nextInt(8) == 0) {
                    int from = 1 + random.nextInt(FRAMES - count);
                    int before = free.cardinality();
                    free.clear(from, from + count);
                    assertThat(ranges.withhold(from, from + count - 1)).isEqualTo(before - free.cardinality());
                } else if (random.nextInt(2) == 0) {
                    int alignment = 1 << random.nextInt(5);
                    int limit = random.nextInt(3) == 0 ? random.nextInt(FRAMES + 50) : FRAMES;
                    int expected = highest(free, count, alignment, limit);
                    assertThat(ranges.takeHighest(count, alignment, limit)).isEqualTo(expected);
                    if (expected != 0) {
                        free.clear(expected, expected + count);
                    }
                } else {
                    int from = 1 + random.nextInt(FRAMES - count);
                    int nextFree = free.nextSetBit(from);
                    boolean allowed = nextFree < 0 || nextFree >= from + count;
                    assertThat(ranges.give(from, from + count - 1)).isEqualTo(allowed);
                    if (allowed) {
                        free.set(from, from + count);
                    }
                }
                assertThat(ranges.pages()).isEqualTo(free.cardinality());
                assertThat(ranges.count(100, 300)).isEqualTo(free.get(100, 301).cardinality());
                assertThat(ranges.ranges()).isEqualTo(runs(free));
            }
        }
    }

    private static int runs(BitSet bits) {
        int runs = 0;
        for (int at = bits.nextSetBit(0); at >= 0; at = bits.nextSetBit(bits.nextClearBit(at))) {
            runs++;
        }
        return runs;
    }

    @Test
    void staysShallowWhateverTheOrder() {
        // A list instead of a tree would overflow the stack: every second frame is taken, from the bottom to the top.
        FreeRanges ranges = new FreeRanges();
        ranges.give(1, 400_000);
        for (long frame = 2; frame <= 400_000; frame += 2) {
            ranges.withhold(frame, frame);
        }
        assertThat(ranges.ranges()).isEqualTo(200_000);
        assertThat(ranges.takeHighest(2, 2, 400_000)).isZero();
        assertThat(ranges.takeHighest(1, 1, 399_998)).isEqualTo(399_997);
    }
}
