package org.sluice.core.space;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.AddressSpace;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.IotlbGather;
import org.sluice.core.TestMachine;

/** Rules that iommufd's self-tests check on the map API, as far as they are the core's: overmap, unmap, gathers. */
class MapRulesTest {
    private static final int RW = TestMachine.RW;
    private static final long BASE = 0x100_0000;
    private static final long LENGTH = 0x8000;
    private static final long PADDR = 0x8_0000_0000L;

    private final TestMachine machine = TestMachine.withRealTables();
    private AddressSpace space;

    @BeforeEach
    void map() {
        space = machine.attached("nic").space();
        space.map(BASE, PADDR, LENGTH, RW);
    }

    @AfterEach
    void stop() {
        machine.close();
    }

    private List<String> leaves() {
        List<String> leaves = new ArrayList<>();
        space.walk(
                0,
                space.lastIova(),
                (iova, paddr, size, descriptor, prot) -> leaves.add(String.format("%x->%x+%x", iova, paddr, size)));
        return leaves;
    }

    /** Whole, begin, end, across the begin, across the end; and around all of it. */
    @ParameterizedTest
    @CsvSource({"0, 8000", "0, 1000", "7000, 1000", "-1000, 2000", "7000, 2000", "-1000, a000"})
    void whatIsMappedIsNotMappedAgain(String offset, String size) {
        List<String> before = leaves();
        long iova = BASE + Long.parseLong(offset, 16);
        IommuException refused = catchThrowableOfType(
                IommuException.class, () -> space.map(iova, PADDR + 0x100_0000, Long.parseLong(size, 16), RW));
        assertThat(refused.errno()).isEqualTo(Errno.EEXIST);
        assertThat(leaves()).isEqualTo(before);
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, BASE - 0x1000)).isZero();
        assertThat(machine.hardware.dma(TestMachine.NIC, -1, BASE + LENGTH)).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        "0, 8000, 8000", // all of it
        "0, 10000, 8000", // more than was mapped: what was
        "1000, 2000, 2000", // contained
        "-1000, 2000, 0", // begins in a hole
        "8000, 1000, 0", // a hole
        "0, 0, 0", // nothing
        "0, 800, 0", // part of a page
        "800, 1000, 0", // misaligned
    })
    void unmapReturnsWhatItUnmapped(String offset, String size, String done) {
        long iova = BASE + Long.parseLong(offset, 16);
        long bytes = Long.parseLong(size, 16);
        long expected = Long.parseLong(done, 16);
        assertThat(space.unmap(iova, bytes)).isEqualTo(expected);
        for (long at = BASE; at < BASE + LENGTH; at += 0x1000) {
            boolean gone = at >= iova && at < iova + expected;
            assertThat(space.iovaToPhys(at)).isEqualTo(gone ? 0 : PADDR + at - BASE);
        }
    }

    @Test
    void unmapOfSeveralMapsReturnsTheirTotal() {
        space.map(BASE + LENGTH, 0x9_0000_0000L, 0x3000, RW);
        assertThat(space.unmap(BASE, LENGTH + 0x3000)).isEqualTo(LENGTH + 0x3000);
        assertThat(leaves()).isEmpty();
    }

    @Test
    void unmappingAllASecondTimeUnmapsNothing() {
        assertThat(space.unmap(BASE, LENGTH)).isEqualTo(LENGTH);
        assertThat(space.unmap(BASE, LENGTH)).isZero();
    }

    @Test
    void aBlockIsNeverSplit() {
        space.map(0x4000_0000L, PADDR, 0x20_0000, RW);
        assertThat(space.unmap(0x4000_0000L, 0x1000)).isZero();
        assertThat(space.unmap(0x4000_1000L, 0x1000)).isZero();
        assertThat(space.iovaToPhys(0x4000_1000L)).isEqualTo(PADDR + 0x1000);
        assertThat(space.unmap(0x4000_0000L, 0x20_0000)).isEqualTo(0x20_0000);
    }

    @Test
    void mappingAfterUnmapIsSeenAtOnce() {
        for (int round = 0; round < 20; round++) {
            long paddr = PADDR + round * 0x10_0000L;
            assertThat(machine.hardware.dma(TestMachine.NIC, -1, BASE)).isEqualTo(paddr);
            assertThat(space.unmap(BASE, LENGTH)).isEqualTo(LENGTH);
            assertThat(machine.hardware.dma(TestMachine.NIC, -1, BASE)).isZero();
            space.map(BASE, paddr + 0x10_0000, LENGTH, RW);
        }
    }

    /** Gather of two ranges: touching ones stay, others are synced first; a range alone only widens. */
    @ParameterizedTest
    @CsvSource({
        "2000, 1000, 1000, false", // touches the end
        "0, 1000, 1000, false", // touches the begin
        "1000, 1000, 1000, false", // the same
        "3000, 1000, 1000, true", // a hole between
        "200000, 200000, 200000, true", // another page size
    })
    void aGatherIsDisjointFromWhatItCannotCover(String iova, String size, String pgsize, boolean disjoint) {
        IotlbGather gather = new IotlbGather();
        assertThat(gather.isDisjoint(0x7000, 0x1000, 0x1000)).isFalse();
        gather.addRange(0x1000, 0x1000, 0x1000);
        long start = Long.parseLong(iova, 16);
        assertThat(gather.isDisjoint(start, Long.parseLong(size, 16), Long.parseLong(pgsize, 16)))
                .isEqualTo(disjoint);
        gather.addRange(start, Long.parseLong(size, 16), Long.parseLong(pgsize, 16));
        assertThat(gather.start()).isEqualTo(Math.min(0x1000, start));
        assertThat(gather.end()).isEqualTo(Math.max(0x1fff, start + Long.parseLong(size, 16) - 1));
    }

    @Test
    void aGatherAtTheEndOfTheAddressSpaceDoesNotWrap() {
        IotlbGather gather = new IotlbGather();
        gather.addRange(-0x1000, 0x1000, 0x1000);
        assertThat(gather.end()).isEqualTo(-1L);
        assertThat(gather.isDisjoint(0, 0x1000, 0x1000)).isTrue();
        assertThat(gather.isDisjoint(-0x2000, 0x1000, 0x1000)).isFalse();
    }

    @Test
    void anEmptyGatherIsNotSynced() {
        TestMachine fake = TestMachine.running();
        try {
            AddressSpace other = fake.attached("nic").space();
            fake.journal.clear();
            other.sync(new IotlbGather());
            assertThat(fake.journal.of("sync", "invalidate")).isEmpty();
        } finally {
            fake.close();
        }
    }
}
