package org.sluice.pgtable.arm;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.sluice.api.Errno;
import org.sluice.api.IotlbGather;
import org.sluice.api.Prot;
import org.sluice.pgtable.testkit.Sequence;
import org.sluice.pgtable.testkit.TestHost;
import org.sluice.pgtable.testkit.WindowlessMemory;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.Quirk;
import org.sluice.spi.pgtable.TableSurvey;

/** Random maps, unmaps and look-ups against {@link Oracle}, with every granule, half and kind of memory. */
class PageTablePropertyTest {
    private static final int[] PROTS = {
        Prot.READ,
        Prot.READ | Prot.WRITE,
        Prot.READ | Prot.WRITE | Prot.CACHE,
        Prot.READ | Prot.CACHE | Prot.NOEXEC,
        Prot.READ | Prot.WRITE | Prot.MMIO | Prot.NOEXEC,
        Prot.READ | Prot.WRITE | Prot.PRIV
    };

    record Operation(boolean maps, long iova, long paddr, int sizeShift, long count, int prot) {
        @Override
        public String toString() {
            return maps
                    ? String.format("map(0x%x, 0x%x, 0x%x, %d, 0x%x)", iova, paddr, 1L << sizeShift, count, prot)
                    : String.format("unmap(0x%x, 0x%x, %d)", iova, 1L << sizeShift, count);
        }
    }

    static Stream<Arguments> cases() {
        return Configs.each().stream()
                .flatMap(
                        config -> IntStream.range(0, 6).mapToObj(seed -> Arguments.of(config, (long) seed, seed == 5)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void behavesLikeSortedMaps(PageTableConfig config, long seed, boolean windowless) {
        Random random = new Random(seed);
        PageTableConfig narrowed = Formats.create(config, new TestHost()).config();
        List<Operation> operations = new ArrayList<>();
        int count = windowless ? 200 : 600;
        for (int i = 0; i < count; i++) {
            operations.add(operation(random, narrowed));
        }
        Sequence.check(seed, operations, sequence -> replay(config, sequence, windowless));
    }

    /** Operations meet each other: few addresses at every level, at both ends of the half. */
    private static Operation operation(Random random, PageTableConfig config) {
        List<Integer> shifts = sizeShifts(config.pageSizes());
        boolean upper = config.has(Quirk.ARM_TTBR1);
        long first = upper ? -1L << config.inputBits() : 0;
        long bytes = 1L << config.inputBits();
        int shift = shifts.get(random.nextInt(shifts.size() + 2) % shifts.size());
        long offset = 0;
        for (int size : shifts) {
            if (size >= shift) {
                offset += (long) random.nextInt(size == shift ? 5 : 2) << size;
            }
        }
        offset &= bytes - 1;
        boolean atEnd = random.nextInt(4) == 0;
        long count =
                random.nextInt(8) == 0 && shift == shifts.get(0) ? 1 + random.nextInt(1200) : 1 + random.nextInt(6);
        long iova;
        if (atEnd) {
            count = Math.min(count, (offset >>> shift) + 1);
            iova = first + bytes - offset - (1L << shift);
        } else {
            count = Math.min(count, bytes - offset >>> shift);
            iova = first + offset;
        }
        long paddr = (long) random.nextInt(64) << shift;
        return new Operation(random.nextInt(100) < 55, iova, paddr, shift, count, prot(random, config));
    }

    /** Protections that the format can tell apart. */
    private static int prot(Random random, PageTableConfig config) {
        int prot = PROTS[random.nextInt(PROTS.length)];
        boolean unprivileged = config.format().endsWith("S2") || config.format().equals(MaliFormat.NAME);
        if (config.has(Quirk.NO_PERMS)) {
            return (prot | Prot.WRITE | Prot.READ) & ~(Prot.NOEXEC | Prot.PRIV);
        }
        return unprivileged && (prot & Prot.PRIV) != 0 ? Prot.WRITE : prot;
    }

    private static void replay(PageTableConfig config, List<Operation> operations, boolean windowless) {
        TestHost host = windowless ? WindowlessMemory.host() : new TestHost();
        PageTable table = Formats.create(config, host);
        Oracle oracle = Oracle.of(table.config());
        IotlbGather gather = new IotlbGather();
        for (Operation operation : operations) {
            if (operation.maps) {
                map(table, oracle, operation);
                host.freeRetired();
            } else {
                unmap(table, oracle, operation, gather);
                host.sync(gather);
            }
            for (long probe : new long[] {
                operation.iova,
                operation.iova + (operation.count << operation.sizeShift) - 1,
                operation.iova ^ 1L << 21,
                operation.iova ^ 1L << 16
            }) {
                assertThat(table.iovaToPhys(probe)).as("0x%x", probe).isEqualTo(oracle.iovaToPhys(probe));
            }
        }
        compare(table, oracle, host);
        table.free();
        assertThat(host.allocatedBytes()).isZero();
    }

    private static void map(PageTable table, Oracle oracle, Operation operation) {
        long wanted = operation.count << operation.sizeShift;
        long mapped;
        try {
            mapped = table.mapPages(
                    operation.iova, operation.paddr, 1L << operation.sizeShift, operation.count, operation.prot);
            assertThat(mapped).isEqualTo(wanted);
        } catch (MappingException exists) {
            assertThat(exists.errno()).isEqualTo(Errno.EEXIST);
            mapped = exists.mapped();
            assertThat(mapped).isLessThan(wanted);
        }
        assertThat(mapped)
                .as("%s", operation)
                .isEqualTo(oracle.map(
                        operation.iova, operation.paddr, operation.sizeShift, operation.count, operation.prot));
    }

    private static void unmap(PageTable table, Oracle oracle, Operation operation, IotlbGather gather) {
        long before = oracle.tableCount();
        long unmapped = table.unmapPages(operation.iova, 1L << operation.sizeShift, operation.count, gather);
        assertThat(unmapped)
                .as("%s", operation)
                .isEqualTo(oracle.unmap(operation.iova, operation.sizeShift, operation.count));
        assertThat(gather.tableCount()).isEqualTo((int) (before - oracle.tableCount()));
        assertThat(gather.isEmpty()).isEqualTo(unmapped == 0);
        if (unmapped != 0) {
            assertThat(gather.start()).isEqualTo(operation.iova);
            assertThat(gather.end()).isEqualTo(operation.iova + unmapped - 1);
            assertThat(gather.pageSize()).isEqualTo(oracle.smallest);
        }
    }

    private static void compare(PageTable table, Oracle oracle, TestHost host) {
        List<String> seen = new ArrayList<>();
        table.walk(0, -1, (iova, paddr, size, descriptor, prot) -> seen.add(Oracle.line(iova, paddr, size, prot)));
        assertThat(seen).isEqualTo(oracle.describe(oracle.leaves));
        long[] digest = {0};
        oracle.leaves.forEach(
                (iova, leaf) -> digest[0] += TableSurvey.mix(iova, leaf.paddr(), leaf.size(), leaf.prot()));
        TableSurvey survey = table.survey();
        assertThat(survey.digest()).isEqualTo(digest[0]);
        assertThat(survey.leaves()).isEqualTo(oracle.leaves.size());
        assertThat(survey.tables()).isEqualTo(oracle.tableCount());
        assertThat(survey.tableBytes()).isEqualTo(host.allocatedBytes());
    }

    private static List<Integer> sizeShifts(long bitmap) {
        return IntStream.range(0, 64)
                .filter(bit -> (bitmap & 1L << bit) != 0)
                .boxed()
                .toList();
    }
}
