package org.sluice.trace.internal.books;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TracedSpaceTest {
    private static final long SIZES = 0x40201000L;

    @ParameterizedTest
    @CsvSource({
        "0x1000, 0x1000, 0x1000, 0x1000",
        "0x200000, 0x400000, 0x200000, 0x200000",
        "0x200000, 0x401000, 0x200000, 0x1000",
        "0x200000, 0x400000, 0x1ff000, 0x1000",
        "0x40000000, 0x80000000, 0x40000000, 0x40000000",
        "0x40000000, 0x80000000, 0x3ffff000, 0x200000",
        "0x0, 0x0, 0x80000000, 0x40000000"
    })
    void largestLeafThatAlignmentAndRestAllowIsChosen(String iova, String paddr, String rest, String leaf) {
        assertThat(TracedSpace.leafSize(Long.decode(iova), Long.decode(paddr), Long.decode(rest), SIZES))
                .isEqualTo(Long.decode(leaf));
    }

    @Test
    void whatWasUnmappedIsGoneUntilItIsMappedAgain() {
        TracedSpace space = new TracedSpace();
        space.map(0x200000, 0x400000, 0x201000, SIZES, 3);
        assertThat(space.leaves()).hasSize(2);
        assertThat(space.pages()).isEqualTo(513);
        assertThat(space.removable(0x200000, 0x201000)).isEqualTo(0x201000);
        space.unmap(0x200000, 0x200000);
        assertThat(space.gone().overlaps(0x3ff000, 0x1000)).isTrue();
        assertThat(space.gone().overlaps(0x400000, 0x1000)).isFalse();
        space.map(0x300000, 0x700000, 0x1000, SIZES, 3);
        assertThat(space.gone().overlaps(0x300000, 0x1000)).isFalse();
        assertThat(space.gone().size()).isEqualTo(0x200000 - 0x1000);
    }

    @Test
    void blockIsNotRemovableInPart() {
        TracedSpace space = new TracedSpace();
        space.map(0x200000, 0x400000, 0x200000, SIZES, 3);
        assertThat(space.removable(0x200000, 0x1000)).isZero();
        assertThat(space.removable(0x201000, 0x1000)).isZero();
        assertThat(space.overlapping(0x3ff000, 0x1000)).isPresent();
    }
}
