package org.sluice.pgtable.apple;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
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
import org.sluice.spi.pgtable.TableSurvey;

/** Random maps, unmaps and look-ups against a sorted map of pages. */
class PageTablePropertyTest {
    private static final int[] PROTS = {Prot.READ, Prot.WRITE, Prot.READ | Prot.WRITE};

    record Operation(boolean maps, long iova, long paddr, long count, int prot) {}

    record Page(long paddr, int prot) {}

    static Stream<Arguments> cases() {
        return Configs.EACH.stream()
                .flatMap(
                        config -> IntStream.range(0, 6).mapToObj(seed -> Arguments.of(config, (long) seed, seed == 5)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void behavesLikeASortedMap(PageTableConfig config, long seed, boolean windowless) {
        Random random = new Random(seed);
        List<Operation> operations = new ArrayList<>();
        for (int i = 0; i < (windowless ? 100 : 400); i++) {
            operations.add(operation(random, config));
        }
        Sequence.check(seed, operations, sequence -> replay(config, sequence, windowless));
    }

    /** Operations meet each other, at both ends and around the borders of tables. */
    private static Operation operation(Random random, PageTableConfig config) {
        long page = config.pageSizes();
        long cover = page * (page / 8);
        long pages = (1L << config.inputBits()) / page;
        long number = (random.nextInt(3) * cover / page + random.nextInt(24) - 12) % pages;
        if (random.nextInt(4) == 0) {
            number += (long) random.nextInt(4) * pages / 4;
        }
        number = Math.floorMod(number, pages);
        long count = random.nextInt(8) == 0 ? 1 + random.nextInt(3000) : 1 + random.nextInt(8);
        count = Math.min(count, pages - number);
        long paddr = (long) random.nextInt(1 << 16) * page;
        return new Operation(
                random.nextInt(100) < 55, number * page, paddr, count, PROTS[random.nextInt(PROTS.length)]);
    }

    private static void replay(PageTableConfig config, List<Operation> operations, boolean windowless) {
        TestHost host = windowless ? WindowlessMemory.host() : new TestHost();
        PageTable table = Configs.create(config, host);
        TreeMap<Long, Page> oracle = new TreeMap<>();
        long tablesBefore = table.survey().tables();
        Set<Long> leafTables = new HashSet<>();
        IotlbGather gather = new IotlbGather();
        long page = config.pageSizes();
        for (Operation operation : operations) {
            if (operation.maps) {
                map(table, oracle, operation, page, leafTables);
            } else {
                unmap(table, oracle, operation, page, gather);
            }
            for (long probe : new long[] {operation.iova + 5, operation.iova + operation.count * page - 1}) {
                Page there = oracle.get(probe & -page);
                assertThat(table.iovaToPhys(probe)).isEqualTo(there == null ? 0 : there.paddr + (probe & page - 1));
            }
        }
        compare(table, oracle, page);
        TableSurvey survey = table.survey();
        assertThat(survey.tables()).isBetween(tablesBefore + leafTables.size(), tablesBefore + 2 * leafTables.size());
        assertThat(survey.tableBytes()).isEqualTo(host.allocatedBytes());
        PageTable adopted =
                Configs.format(config).adopt(config, table.walkerConfig().root(), host);
        assertThat(adopted.survey()).isEqualTo(survey);
        adopted.free();
        assertThat(host.allocatedBytes()).isZero();
    }

    private static void map(
            PageTable table, TreeMap<Long, Page> oracle, Operation operation, long page, Set<Long> leafTables) {
        long cover = page * (page / 8);
        long end = operation.iova + operation.count * page;
        long expected = operation.iova;
        while (expected != end) {
            long runEnd = Math.min(end, (expected / cover + 1) * cover);
            leafTables.add(expected / cover);
            if (!oracle.subMap(expected, runEnd).isEmpty()) {
                break;
            }
            for (long at = expected; at != runEnd; at += page) {
                oracle.put(at, new Page(operation.paddr + (at - operation.iova), operation.prot));
            }
            expected = runEnd;
        }
        long mapped;
        try {
            mapped = table.mapPages(operation.iova, operation.paddr, page, operation.count, operation.prot);
        } catch (MappingException exists) {
            assertThat(exists.errno()).isEqualTo(Errno.EEXIST);
            assertThat(expected).isNotEqualTo(end);
            mapped = exists.mapped();
        }
        assertThat(mapped).as("%s", operation).isEqualTo(expected - operation.iova);
    }

    private static void unmap(
            PageTable table, TreeMap<Long, Page> oracle, Operation operation, long page, IotlbGather gather) {
        long expected = 0;
        while (expected != operation.count * page && oracle.remove(operation.iova + expected) != null) {
            expected += page;
        }
        assertThat(table.unmapPages(operation.iova, page, operation.count, gather))
                .as("%s", operation)
                .isEqualTo(expected);
        assertThat(gather.isEmpty()).isEqualTo(expected == 0);
        assertThat(gather.tableCount()).isZero();
        if (expected != 0) {
            assertThat(gather.start()).isEqualTo(operation.iova);
            assertThat(gather.end()).isEqualTo(operation.iova + expected - 1);
        }
        gather.clear();
    }

    private static void compare(PageTable table, TreeMap<Long, Page> oracle, long page) {
        List<String> seen = new ArrayList<>();
        table.walk(0, -1, (iova, paddr, size, descriptor, prot) -> seen.add(line(iova, paddr, size, prot)));
        List<String> expected = new ArrayList<>();
        long[] digest = {0};
        oracle.forEach((iova, there) -> {
            expected.add(line(iova, there.paddr, page, there.prot));
            digest[0] += TableSurvey.mix(iova, there.paddr, page, there.prot);
        });
        assertThat(seen).isEqualTo(expected);
        assertThat(table.survey().digest()).isEqualTo(digest[0]);
        assertThat(table.survey().leaves()).isEqualTo(oracle.size());
    }

    private static String line(long iova, long paddr, long size, int prot) {
        return String.format("0x%x to 0x%x, 0x%x bytes, prot 0x%x", iova, paddr, size, prot);
    }
}
