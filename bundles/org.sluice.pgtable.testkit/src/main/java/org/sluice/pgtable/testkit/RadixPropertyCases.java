package org.sluice.pgtable.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sluice.api.Errno;
import org.sluice.api.IotlbGather;
import org.sluice.spi.pgtable.MappingException;
import org.sluice.spi.pgtable.PageTable;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.pgtable.TableSurvey;

/**
 * Random maps, unmaps and look-ups against {@link RadixOracle}, with every half and kind of memory. A subclass has a static
 * method {@code configs()} with its configurations.
 */
public abstract class RadixPropertyCases {
    private final int[] prots;

    /**
     * Cases of a family of formats.
     *
     * @param prots protections that it grants
     */
    protected RadixPropertyCases(int... prots) {
        this.prots = prots;
    }

    /** The format of a configuration. */
    protected abstract PageTableFormat format(PageTableConfig config);

    /** Bits that the top table of a configuration translates. */
    protected abstract int width(PageTableConfig config);

    /** What a protection that is asked for becomes. */
    protected abstract int granted(PageTableConfig config, int prot);

    record Operation(boolean maps, long iova, long paddr, int sizeShift, long count, int prot) {
        @Override
        public String toString() {
            return maps
                    ? String.format("map(0x%x, 0x%x, 0x%x, %d, 0x%x)", iova, paddr, 1L << sizeShift, count, prot)
                    : String.format("unmap(0x%x, 0x%x, %d)", iova, 1L << sizeShift, count);
        }
    }

    @ParameterizedTest
    @MethodSource("configs")
    void behavesLikeSortedMaps(PageTableConfig config) {
        for (long seed = 0; seed < 6; seed++) {
            behavesLikeSortedMaps(config, seed, seed == 5);
        }
    }

    private void behavesLikeSortedMaps(PageTableConfig config, long seed, boolean windowless) {
        Random random = new Random(seed);
        boolean halves = format(config).create(config, new TestHost()).lastIova() == -1;
        List<Operation> operations = new ArrayList<>();
        int count = windowless ? 200 : 600;
        for (int i = 0; i < count; i++) {
            operations.add(operation(random, config, halves));
        }
        Sequence.check(seed, operations, sequence -> replay(config, sequence, windowless));
    }

    /** Operations meet each other: few addresses at every level, at both ends of a half. */
    private Operation operation(Random random, PageTableConfig config, boolean halves) {
        List<Integer> shifts = sizeShifts(config.pageSizes());
        long bytes = 1L << config.inputBits() - (halves ? 1 : 0);
        long first = halves && random.nextBoolean() ? -bytes : 0;
        int shift = shifts.get(random.nextInt(shifts.size() + 2) % shifts.size());
        long offset = 0;
        for (int size : shifts) {
            if (size >= shift && 4L << size < bytes) {
                offset += (long) random.nextInt(size == shift ? 5 : 2) << size;
            }
        }
        offset &= bytes / 2 - 1;
        boolean atEnd = random.nextInt(4) == 0;
        long count =
                random.nextInt(8) == 0 && shift == shifts.get(0) ? 1 + random.nextInt(1200) : 1 + random.nextInt(6);
        count = Math.min(count, bytes / 2 >>> shift);
        long iova;
        if (atEnd) {
            count = Math.min(count, (offset >>> shift) + 1);
            iova = first + bytes - offset - (1L << shift);
        } else {
            iova = first + offset;
        }
        long paddr = (long) random.nextInt(64) << shift;
        return new Operation(random.nextInt(100) < 55, iova, paddr, shift, count, prots[random.nextInt(prots.length)]);
    }

    private void replay(PageTableConfig config, List<Operation> operations, boolean windowless) {
        TestHost host = windowless ? WindowlessMemory.host() : new TestHost();
        PageTable table = format(config).create(config, host);
        RadixOracle oracle = new RadixOracle(width(config), prot -> granted(config, prot));
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
                operation.iova, operation.iova + (operation.count << operation.sizeShift) - 1, operation.iova ^ 1L << 21
            }) {
                assertThat(table.iovaToPhys(probe)).as("0x%x", probe).isEqualTo(oracle.iovaToPhys(probe));
            }
        }
        compare(table, oracle, host);
        table.free();
        assertThat(host.allocatedBytes()).isZero();
    }

    private static void map(PageTable table, RadixOracle oracle, Operation operation) {
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

    private static void unmap(PageTable table, RadixOracle oracle, Operation operation, IotlbGather gather) {
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
            boolean byPages = gather.tableCount() != 0 || operation.sizeShift == 16;
            assertThat(gather.pageSize()).isEqualTo(byPages ? 4096 : 1L << operation.sizeShift);
        }
    }

    private static void compare(PageTable table, RadixOracle oracle, TestHost host) {
        List<String> seen = new ArrayList<>();
        table.walk(0, -1, (iova, paddr, size, descriptor, prot) -> seen.add(RadixOracle.line(iova, paddr, size, prot)));
        assertThat(seen).isEqualTo(oracle.describe());
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
