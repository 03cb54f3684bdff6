package org.sluice.core.space;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.AddressSpace;
import org.sluice.api.DomainRequest;
import org.sluice.api.DomainType;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.Prot;
import org.sluice.api.ScatterList;
import org.sluice.core.TestMachine;

class SpaceMapTest {
    private static final int RW = Prot.READ | Prot.WRITE;

    private final TestMachine machine = TestMachine.running();
    private AddressSpace space;

    @BeforeEach
    void makeSpace() {
        space = machine.space();
        machine.journal.clear();
    }

    @AfterEach
    void stop() {
        machine.close();
    }

    /** The golden table of linux-iommu.md 1.3: sizes 4K, 2M, 1G. */
    @ParameterizedTest
    @CsvSource({
        "1ff000, 1ff000, 202000, 1000x1 200000x1 1000x1",
        "1ff000, 1fe000, 202000, 1000x514",
        "1000, 1000, 40000000, 1000x511 200000x511 1000x1",
        "0, 0, 40201000, 40000000x1 200000x1 1000x1",
        "3fe00000, 7fe00000, 80000000, 200000x1 40000000x1 200000x511",
        "1000, 201000, 3ff000, 1000x511 200000x1",
    })
    void pageSizesAreChosenAsLinuxDoes(String iova, String paddr, String size, String calls) {
        space.map(hex(iova), hex(paddr), hex(size), RW);
        assertThat(machine.journal.of("map").stream().map(line -> line.replaceAll(".* ", "")))
                .containsExactlyElementsOf(Arrays.asList(calls.split(" ")));
    }

    @ParameterizedTest
    @CsvSource({
        "1ff000, 202000, 1000x1 200000x1 1000x1",
        "0, 40201000, 40000000x1 200000x1 1000x1",
    })
    void unmapChoosesPageSizesByTheIovaAlone(String iova, String size, String calls) {
        space.map(hex(iova), hex(iova), hex(size), RW);
        assertThat(space.unmap(hex(iova), hex(size))).isEqualTo(hex(size));
        assertThat(machine.journal.of("unmap").stream().map(line -> line.replaceAll(".* ", "")))
                .containsExactlyElementsOf(Arrays.asList(calls.split(" ")));
    }

    @Test
    void onlyThePageSizesThatTheDomainAskedForAreUsed() {
        AddressSpace small = machine.platform
                .allocDomain(
                        machine.device("nic"),
                        DomainRequest.of(DomainType.UNMANAGED).withPageSizes(0x1000))
                .space();
        assertThat(small.pageSizes()).isEqualTo(0x1000);
        small.map(0, 0x8000_0000L, 0x400000, RW);
        assertThat(machine.journal.of("map")).containsExactly("map 0->80000000 1000x1024");
    }

    @ParameterizedTest
    @CsvSource({"1800, 1000, 1000, iova, 1800", "1000, 1004, 1000, paddr, 1004", "1000, 1000, 1001, size, 1001"})
    void misalignedArgumentsAreNamedWithValueAndLimit(
            String iova, String paddr, String size, String name, String value) {
        IommuException error =
                catchThrowableOfType(IommuException.class, () -> space.map(hex(iova), hex(paddr), hex(size), RW));
        assertThat(error.errno()).isEqualTo(Errno.EINVAL);
        assertThat(error).hasMessageContaining(name + " is 0x" + value).hasMessageContaining("0x1000");
    }

    @Test
    void emptyMapsAndMapsWithoutAccessAreRefused() {
        assertThatThrownBy(() -> space.map(0x1000, 0x1000, 0, RW)).hasMessageContaining("size is 0");
        assertThatThrownBy(() -> space.map(0x1000, 0x1000, 0x1000, Prot.CACHE)).hasMessageContaining("prot is CACHE");
        assertThatThrownBy(() -> space.map(0x1000, 0x1000, 0x1000, RW | 1 << 12))
                .hasMessageContaining("0x1000");
    }

    @Test
    void whatTheFormatCannotReachIsOutOfRange() {
        for (long iova : new long[] {1L << 39, -0x1000, (1L << 39) - 0x1000}) {
            IommuException error =
                    catchThrowableOfType(IommuException.class, () -> space.map(iova, 0x1000, 0x2000, RW));
            assertThat(error.errno()).as("0x%x", iova).isEqualTo(Errno.ERANGE);
            assertThat(error).hasMessageContaining("0x7fffffffff");
        }
        assertThat(machine.journal.of("map")).isEmpty();
        space.map((1L << 39) - 0x1000, 0x1000, 0x1000, RW);
    }

    @Test
    void noPageSizeAtAllIsAnErrorOfMap() {
        machine.driver.pageSizes = 0;
        AddressSpace none = machine.space();
        assertThatThrownBy(() -> none.map(0, 0, 0x1000, RW))
                .isInstanceOfSatisfying(
                        IommuException.class, error -> assertThat(error.errno()).isEqualTo(Errno.EINVAL));
    }

    @Test
    void failedMapLeavesNothingMappedAndThatIsSynced_R29() {
        machine.format.failAt = 0x40_3000;
        IommuException error =
                catchThrowableOfType(IommuException.class, () -> space.map(0x1ff000, 0x81ff000, 0x205000, RW));
        assertThat(error.errno()).isEqualTo(Errno.ENOMEM);
        assertThat(leaves()).isEmpty();
        List<String> after = machine.journal.lines();
        assertThat(after.get(after.size() - 1)).startsWith("sync");
        assertThat(machine.journal.of("invalidate"))
                .as("the whole of what was mapped is invalidated, by runs of one page size")
                .containsExactly(
                        "invalidate tag1 1ff000+1000 by 1000",
                        "invalidate tag1 200000+200000 by 200000",
                        "invalidate tag1 400000+3000 by 1000");
    }

    @Test
    void rollBackIsSyncedForAPrivateSpaceToo_R29() {
        AddressSpace own = machine.ioMm("nic");
        machine.format.failAt = 0x3000;
        machine.journal.clear();
        assertThatThrownBy(() -> own.map(0x1000, 0x8000, 0x4000, RW)).isInstanceOf(IommuException.class);
        assertThat(own.iovaToPhys(0x1000)).isZero();
        assertThat(machine.journal.of("invalidate", "sync"))
                .containsExactly("invalidate tag3 1000+2000 by 1000", "sync tag3");
    }

    @Test
    void failedMapKeepsWhatWasMappedBefore() {
        space.map(0x3000, 0x9000, 0x1000, RW);
        IommuException error = catchThrowableOfType(IommuException.class, () -> space.map(0x1000, 0x8000, 0x4000, RW));
        assertThat(error.errno()).isEqualTo(Errno.EEXIST);
        assertThat(space.iovaToPhys(0x3000)).isEqualTo(0x9000);
        assertThat(space.iovaToPhys(0x1000)).isZero();
        assertThat(space.iovaToPhys(0x2000)).isZero();
    }

    @Test
    void whatAFormatThrowsAgainstItsContractIsRolledBackAsFarAsKnown() {
        machine.format.crashAt = 0x400000;
        assertThatThrownBy(() -> space.map(0x1ff000, 0x1ff000, 0x202000, RW)).hasMessageContaining("crashed");
        assertThat(leaves()).isEmpty();
    }

    @Test
    void mapSgMergesContiguousSegments() {
        ScatterList list = new ScatterList()
                .add(0x8000, 0x1000)
                .add(0x9000, 0x2000)
                .add(0x20000, 0x1000)
                .add(0x21000, 0x1000)
                .add(0x8000, 0x1000);
        assertThat(space.mapSg(0x10000, list, RW)).isEqualTo(0x6000);
        assertThat(machine.journal.of("map"))
                .containsExactly("map 10000->8000 1000x3", "map 13000->20000 1000x2", "map 15000->8000 1000x1");
    }

    @Test
    void mapSgRollsBackEverySegment() {
        machine.format.failAt = 0x14000;
        ScatterList list =
                new ScatterList().add(0x8000, 0x1000).add(0x20000, 0x2000).add(0x30000, 0x2000);
        assertThatThrownBy(() -> space.mapSg(0x10000, list, RW)).isInstanceOf(IommuException.class);
        assertThat(leaves()).isEmpty();
        assertThat(machine.journal.of("invalidate", "sync"))
                .containsExactly("invalidate tag1 10000+4000 by 1000", "sync tag1");
    }

    @Test
    void mapSgChecksEverySegmentBeforeItBegins() {
        ScatterList list = new ScatterList().add(0x8000, 0x1000).add(0x20010, 0x1000);
        assertThatThrownBy(() -> space.mapSg(0x10000, list, RW))
                .hasMessageContaining("address of segment 1 is 0x20010");
        ScatterList odd = new ScatterList().add(0x8000, 0x1000).add(0x20000, 0x800);
        assertThatThrownBy(() -> space.mapSg(0x10000, odd, RW)).hasMessageContaining("length of segment 1 is 0x800");
        assertThatThrownBy(() -> space.mapSg(0x10000, new ScatterList(), RW)).hasMessageContaining("size is 0");
        assertThat(machine.journal.of("map")).isEmpty();
    }

    @Test
    void walkShowsEveryLeafInOrderAcrossChunks() {
        for (int i = 0; i < 700; i++) {
            space.map(0x100000L + i * 0x2000L, 0x8000_0000L + i * 0x1000L, 0x1000, RW);
        }
        List<Long> leaves = leaves();
        assertThat(leaves).hasSize(700).isSorted();
        int[] count = {0};
        space.walk(0, space.lastIova(), (iova, paddr, size, descriptor, prot) -> ++count[0] < 300);
        assertThat(count[0]).isEqualTo(300);
    }

    @Test
    void iovaToPhysKeepsTheOffsetAndAnswersZeroOutside() {
        space.map(0x200000, 0x8020_0000L, 0x200000, RW);
        assertThat(space.iovaToPhys(0x212345)).isEqualTo(0x8021_2345L);
        assertThat(space.iovaToPhys(0x400000)).isZero();
        assertThat(space.iovaToPhys(-1)).isZero();
    }

    private List<Long> leaves() {
        List<Long> seen = new ArrayList<>();
        space.walk(0, space.lastIova(), (iova, paddr, size, descriptor, prot) -> seen.add(iova));
        return seen;
    }

    private static long hex(String text) {
        return Long.parseLong(text, 16);
    }
}
