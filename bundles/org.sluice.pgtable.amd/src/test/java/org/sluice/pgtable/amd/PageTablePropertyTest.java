package org.sluice.pgtable.amd;

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
import org.sluice.spi.pgtable.RadixTable;
import org.sluice.spi.pgtable.TableSurvey;

/** Random maps, unmaps and look-ups of leaves of every size against {@link Oracle}: generic_pt's random_map, and more. */
class PageTablePropertyTest {
    private static final int[] PROTS = {
        Prot.READ, Prot.WRITE, Prot.READ | Prot.WRITE, Prot.READ | Prot.CACHE, Prot.READ | Prot.WRITE | Prot.CACHE
    };
    private static final int ROUNDS = 1000;

    record Operation(boolean maps, long iova, long paddr, int sizeShift, long count, int prot) {
        @Override
        public String toString() {
            return maps
                    ? String.format("map(0x%x, 0x%x, 0x%x, %d, 0x%x)", iova, paddr, 1L << sizeShift, count, prot)
                    : String.format("unmap(0x%x, 0x%x, %d)", iova, 1L << sizeShift, count);
        }
    }

    static Stream<Arguments> cases() {
        return Stream.of(
                        Configs.of(39),
                        Configs.of(48),
                        Configs.of(62),
                        Configs.of(48, 4096 | 2 << 20 | 1 << 30),
                        Configs.of(50, 4096 | 64 << 10 | 4 << 20))
                .flatMap(
                        config -> IntStream.range(0, 8).mapToObj(seed -> Arguments.of(config, (long) seed, seed == 7)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void randomMapBehavesLikeSortedMaps(PageTableConfig config, long seed, boolean windowless) {
        Random random = new Random(seed);
        List<Operation> operations = new ArrayList<>();
        for (int i = 0; i < (windowless ? ROUNDS / 4 : ROUNDS); i++) {
            operations.add(operation(random, config));
        }
        Sequence.check(seed, operations, sequence -> replay(config, sequence, windowless));
    }

    /** Operations meet each other: few addresses at every level, some near the end. */
    private static Operation operation(Random random, PageTableConfig config) {
        List<Integer> shifts = IntStream.rangeClosed(12, Math.min(config.inputBits() - 2, 51))
                .filter(bit -> (config.pageSizes() & 1L << bit) != 0)
                .boxed()
                .toList();
        int shift = shifts.get(random.nextInt(random.nextBoolean() ? Math.min(4, shifts.size()) : shifts.size()));
        long offset = (long) random.nextInt(6) << shift;
        for (int upper = 21; upper < config.inputBits() - 1 && upper < 55; upper += 9) {
            if (upper >= shift) {
                offset += (long) random.nextInt(2) << upper;
            }
        }
        long count = random.nextInt(8) == 0 && shift < 14 ? 1 + random.nextInt(1200) : 1 + random.nextInt(6);
        long last = (1L << config.inputBits()) - 1;
        long iova = random.nextInt(8) == 0 ? last - (offset & last) & -1L << shift : offset & last;
        count = Math.min(count, (last - iova >>> shift) + 1);
        long paddr = shift > 46 ? 0 : (long) random.nextInt(8) << shift;
        count = shift > 46 ? 1 : count;
        return new Operation(random.nextInt(100) < 55, iova, paddr, shift, count, PROTS[random.nextInt(PROTS.length)]);
    }

    private static void replay(PageTableConfig config, List<Operation> operations, boolean windowless) {
        TestHost host = windowless ? WindowlessMemory.host() : new TestHost();
        PageTable table = new AmdV1Format().create(config, host);
        Oracle oracle = new Oracle();
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
        PageTable adopted = new AmdV1Format().adopt(config, table.walkerConfig().root(), host);
        assertThat(adopted.survey()).isEqualTo(table.survey());
        assertThat(adopted.walkerConfig()).isEqualTo(table.walkerConfig());
        adopted.free();
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
        long unmapped = table.unmapPages(operation.iova, 1L << operation.sizeShift, operation.count, gather);
        assertThat(unmapped)
                .as("%s", operation)
                .isEqualTo(oracle.unmap(operation.iova, operation.sizeShift, operation.count));
        if (unmapped != 0) {
            assertThat(gather.start()).isEqualTo(operation.iova);
            assertThat(gather.end()).isEqualTo(operation.iova + unmapped - 1);
        } else {
            assertThat(gather.isEmpty()).isTrue();
        }
    }

    private static void compare(PageTable table, Oracle oracle, TestHost host) {
        List<String> seen = new ArrayList<>();
        table.walk(0, -1, (iova, paddr, size, descriptor, prot) -> seen.add(Oracle.line(iova, paddr, size, prot)));
        assertThat(seen).isEqualTo(oracle.describe());
        long[] digest = {0};
        oracle.leaves.forEach(
                (iova, leaf) -> digest[0] += TableSurvey.mix(iova, leaf.paddr(), leaf.size(), leaf.prot()));
        TableSurvey survey = table.survey();
        assertThat(survey.digest()).isEqualTo(digest[0]);
        assertThat(survey.leaves()).isEqualTo(oracle.leaves.size());
        assertThat(survey.tables()).isEqualTo(oracle.tableCount());
        assertThat(survey.tableBytes()).isEqualTo(host.allocatedBytes());
        assertThat(((RadixTable) table.walkerConfig()).levels()).isEqualTo(oracle.levels());
    }
}
