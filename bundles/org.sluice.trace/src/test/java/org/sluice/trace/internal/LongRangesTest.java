package org.sluice.trace.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LongRangesTest {
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void behavesAsASetOfAddresses(long seed) {
        Random random = new Random(seed);
        LongRanges ranges = new LongRanges();
        BitSet oracle = new BitSet();
        for (int round = 0; round < 3000; round++) {
            int start = random.nextInt(200);
            int size = 1 + random.nextInt(12);
            assertThat(ranges.overlaps(start, size))
                    .as("seed %d round %d", seed, round)
                    .isEqualTo(!oracle.get(start, start + size).isEmpty());
            if (random.nextBoolean()) {
                ranges.add(start, size);
                oracle.set(start, start + size);
            } else {
                ranges.remove(start, size);
                oracle.clear(start, start + size);
            }
            BitSet found = new BitSet();
            ranges.forEach((first, last) -> found.set((int) first, (int) last + 1));
            assertThat(found).as("seed %d round %d", seed, round).isEqualTo(oracle);
            assertThat(ranges.size()).isEqualTo(oracle.cardinality());
        }
    }

    @Test
    void touchingRangesAreOne() {
        LongRanges ranges = new LongRanges();
        ranges.add(0, 10);
        ranges.add(20, 10);
        ranges.add(10, 10);
        assertThat(ranges.count()).isEqualTo(1);
    }

    @Test
    void upperHalfIsAboveLowerHalf() {
        LongRanges ranges = new LongRanges();
        ranges.add(0xfffffffffffff000L, 0x1000);
        ranges.add(0, 0x1000);
        assertThat(ranges.count()).isEqualTo(2);
        assertThat(ranges.overlaps(-1, 1)).isTrue();
        assertThat(ranges.overlaps(0x1000, 0x1000)).isFalse();
    }
}
