package org.sluice.process.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.sluice.process.Area;

/** The areas of one process; none overlaps another. Not thread-safe. */
final class Areas {
    private final TreeMap<Long, Area> byStart = new TreeMap<>();

    Areas() {}

    /** A copy. */
    Areas(Areas other) {
        byStart.putAll(other.byStart);
    }

    List<Area> all() {
        return List.copyOf(byStart.values());
    }

    Optional<Area> at(long address) {
        Map.Entry<Long, Area> below = byStart.floorEntry(address);
        return below != null && address < below.getValue().end() ? Optional.of(below.getValue()) : Optional.empty();
    }

    /** An area that a range touches, if there is one. */
    Optional<Area> touching(long address, long size) {
        Map.Entry<Long, Area> below = byStart.lowerEntry(address + size);
        return below != null && below.getValue().end() > address ? Optional.of(below.getValue()) : Optional.empty();
    }

    /** Whether every byte of a range is in an area. */
    boolean cover(long address, long size) {
        long at = address;
        while (at < address + size) {
            Optional<Area> area = at(at);
            if (area.isEmpty()) {
                return false;
            }
            at = area.get().end();
        }
        return true;
    }

    void add(Area area) {
        byStart.put(area.start(), area);
    }

    /** Cuts a range out; areas that reach beyond it keep their other parts. */
    List<Area> cut(long address, long size) {
        long end = address + size;
        List<Area> gone = new ArrayList<>();
        for (Area area : all()) {
            if (area.end() <= address || area.start() >= end) {
                continue;
            }
            byStart.remove(area.start());
            long from = Math.max(area.start(), address);
            long to = Math.min(area.end(), end);
            if (area.start() < from) {
                add(new Area(area.start(), from - area.start(), area.prot()));
            }
            if (area.end() > to) {
                add(new Area(to, area.end() - to, area.prot()));
            }
            gone.add(new Area(from, to - from, area.prot()));
        }
        return gone;
    }

    void clear() {
        byStart.clear();
    }
}
