package org.sluice.core.space;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.api.AddressSpace;
import org.sluice.api.Domain;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.api.ScatterList;
import org.sluice.core.TestMachine;

/**
 * Random sequences of the whole map API over the real format, beside a map of leaves as the plainest reference: what a map
 * makes of leaf sizes, where an unmap stops and what it returns, that a failed call changes nothing, and that the device never
 * uses what an unmap or sync has ended.
 */
@Timeout(180)
class MapModelTest {
    private static final int RW = TestMachine.RW;
    private static final long PAGE = 0x1000;
    private static final long MEGA = 0x20_0000;
    private static final long GIGA = 0x4000_0000;
    private static final long FRAMES = 0x8_0000_0000L;
    private static final int STEPS = 350;

    private record Leaf(long paddr, long size) {}

    private final TestMachine machine = TestMachine.withRealTables();
    private final TreeMap<Long, Leaf> leaves = new TreeMap<>();
    private final IotlbGather gather = new IotlbGather();
    private AddressSpace space;
    private Random random;
    private boolean owing;

    @AfterEach
    void stop() {
        machine.close();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void everyAnswerIsTheReferences(long seed) {
        random = new Random(seed);
        Domain domain = machine.attached("nic");
        space = domain.space();
        for (int step = 0; step < STEPS; step++) {
            switch (random.nextInt(10)) {
                case 0, 1, 2 -> map();
                case 3, 4 -> mapSg();
                case 5, 6 -> unmap(0);
                case 7 -> unmap(1);
                case 8 -> unmap(2);
                default -> settle();
            }
            assertSameLeaves();
            touch();
        }
        settle();
        while (!leaves.isEmpty()) {
            Map.Entry<Long, Leaf> first = leaves.firstEntry();
            assertThat(space.unmap(first.getKey(), first.getValue().size)).isEqualTo(first.getValue().size);
            leaves.remove(first.getKey());
        }
        assertSameLeaves();
        domain.close();
        assertThat(machine.counter("tables.live")).isZero();
    }

    /** Near a gigabyte, so that every leaf size has its boundary within reach. */
    private long iova() {
        long base = GIGA - 2 * MEGA + random.nextInt(4) * MEGA;
        return random.nextInt(3) == 0 ? base : base + random.nextInt(512) * PAGE;
    }

    private long size() {
        return switch (random.nextInt(8)) {
            case 0 -> MEGA;
            case 1 -> MEGA + random.nextInt(600) * PAGE;
            case 2 -> random.nextInt(6) == 0 ? GIGA + MEGA : 3 * MEGA;
            default -> (1 + random.nextInt(40)) * PAGE;
        };
    }

    private void map() {
        settle();
        long iova = iova();
        long size = size();
        long paddr = FRAMES + (random.nextBoolean() ? iova : random.nextInt(1024) * PAGE);
        try {
            space.map(iova, paddr, size, RW);
            assertThat(isFree(iova, size)).isTrue();
            put(iova, paddr, size);
        } catch (IommuException refused) {
            assertThat(refused.errno()).isEqualTo(Errno.EEXIST);
            assertThat(isFree(iova, size)).isFalse();
        }
    }

    private void mapSg() {
        settle();
        long iova = iova();
        ScatterList segments = new ScatterList();
        long total = 0;
        long paddr = FRAMES + iova;
        for (int i = 1 + random.nextInt(5); i > 0; i--) {
            long length = random.nextInt(6) == 0 ? MEGA : (1 + random.nextInt(20)) * PAGE;
            segments.add(paddr, length);
            // The next one continues this, or lies elsewhere.
            paddr += length + (random.nextBoolean() ? 0 : random.nextInt(700) * PAGE);
            total += length;
        }
        try {
            assertThat(space.mapSg(iova, segments, RW)).isEqualTo(total);
            assertThat(isFree(iova, total)).isTrue();
            long at = iova;
            for (int i = 0; i < segments.size(); ) {
                long start = segments.address(i);
                long length = segments.length(i++);
                while (i < segments.size() && segments.address(i) == start + length) {
                    length += segments.length(i++);
                }
                put(at, start, length);
                at += length;
            }
        } catch (IommuException refused) {
            assertThat(refused.errno()).isEqualTo(Errno.EEXIST);
            assertThat(isFree(iova, total)).isFalse();
        }
    }

    private boolean isFree(long iova, long size) {
        Map.Entry<Long, Leaf> below = leaves.lowerEntry(iova + size);
        return below == null || below.getKey() + below.getValue().size <= iova;
    }

    /** The largest leaf that alignment and size allow, one after the other. */
    private void put(long iova, long paddr, long size) {
        for (long done = 0; done < size; ) {
            long leaf = PAGE;
            for (long larger : new long[] {MEGA, GIGA}) {
                if ((iova + done | paddr + done) % larger == 0 && size - done >= larger) {
                    leaf = larger;
                }
            }
            leaves.put(iova + done, new Leaf(paddr + done, leaf));
            done += leaf;
        }
    }

    private void unmap(int way) {
        long iova = iova();
        long size = size();
        if (!leaves.isEmpty() && random.nextInt(3) != 0) {
            Map.Entry<Long, Leaf> some = leaves.floorEntry(iova);
            iova = some == null ? leaves.firstKey() : some.getKey();
        }
        long done = way == 0
                ? space.unmap(iova, size)
                : way == 1 ? space.unmapFast(iova, size, gather) : space.unmapFast(iova, size);
        owing |= way != 0;
        assertThat(done).isEqualTo(remove(iova, size, done));
    }

    /**
     * What an unmap should do. Where the range begins in a hole of a region that it covers whole, the region may have a table
     * that goes as a whole, or none; both are right, and the answer tells which.
     */
    private long remove(long iova, long size, long answer) {
        long done = 0;
        while (done < size) {
            long at = iova + done;
            long step = PAGE;
            for (long larger : new long[] {MEGA, GIGA}) {
                if (at % larger == 0 && size - done >= larger) {
                    step = larger;
                }
            }
            Leaf leaf = leaves.get(at);
            boolean table = step > PAGE && (leaf == null || leaf.size < step);
            boolean whole = table && (leaf != null || answer > done && isFreeOrStartsInside(at, step));
            if (whole) {
                leaves.subMap(at, at + step).clear();
            } else if (leaf != null && leaf.size == step) {
                leaves.remove(at);
            } else {
                return done;
            }
            done += step;
        }
        return done;
    }

    private boolean isFreeOrStartsInside(long at, long step) {
        Map.Entry<Long, Leaf> before = leaves.lowerEntry(at);
        return before == null || before.getKey() + before.getValue().size <= at;
    }

    private void settle() {
        if (owing) {
            space.sync(gather);
            if (random.nextBoolean()) {
                space.tlbSync();
            } else {
                space.flushTlbAll();
            }
            owing = false;
        }
    }

    private void assertSameLeaves() {
        TreeMap<Long, Leaf> seen = new TreeMap<>();
        space.walk(0, space.lastIova(), (iova, paddr, size, descriptor, prot) -> {
            seen.put(iova, new Leaf(paddr, size));
            return true;
        });
        if (!seen.equals(leaves)) {
            TreeMap<Long, Leaf> more = new TreeMap<>(seen);
            more.entrySet().removeAll(leaves.entrySet());
            leaves.entrySet().removeAll(seen.entrySet());
            fail("in the tables only: %s; in the reference only: %s", more, leaves);
        }
    }

    /** The device reads here and there, so that its TLB has what may become stale. */
    private void touch() {
        for (int i = 0; i < 12; i++) {
            long iova = iova() + random.nextInt(4096);
            Map.Entry<Long, Leaf> below = leaves.floorEntry(iova);
            long expected = below == null || below.getKey() + below.getValue().size <= iova
                    ? 0
                    : below.getValue().paddr + iova - below.getKey();
            assertThat(space.iovaToPhys(iova)).isEqualTo(expected);
            long reached = machine.hardware.dma(TestMachine.NIC, -1, iova);
            if (!owing || expected != 0) {
                assertThat(reached).as("device at 0x%x", iova).isEqualTo(expected);
            }
        }
    }
}
