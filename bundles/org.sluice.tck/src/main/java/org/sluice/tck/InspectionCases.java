package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.sluice.spi.pgtable.TableSurvey;

/** Walk and survey show what is mapped. */
interface InspectionCases {
    @EachConfiguration
    default void walkShowsEveryLeafInAscendingOrder(Trial trial) {
        Expected expected = new Population(trial).fill(12);
        expected.assertMappedBy(trial);
        List<Long> seen = new ArrayList<>();
        trial.table().walk(0, -1, (iova, paddr, size, descriptor, prot) -> {
            assertThat(trial.table().iovaToPhys(iova + size - 1)).isEqualTo(paddr + size - 1);
            assertThat(descriptor).as("descriptor of 0x%x", iova).isNotZero();
            return seen.add(iova - trial.first());
        });
        assertThat(seen).isSortedAccordingTo(Long::compareUnsigned).doesNotHaveDuplicates();
        assertThat(seen).as("the widest range shows all").hasSize(expected.leaves());
    }

    @EachConfiguration
    default void walkStopsWhenToldAndGoesOnBehindTheLastLeaf(Trial trial) {
        Expected expected = new Population(trial).fill(5);
        List<Long> whole = new ArrayList<>();
        trial.table().walk(trial.first(), trial.last(), (iova, paddr, size, descriptor, prot) -> whole.add(iova));
        List<Long> resumed = new ArrayList<>();
        long[] next = {trial.first()};
        for (int i = 0; i < expected.leaves(); i++) {
            int before = resumed.size();
            trial.table().walk(next[0], trial.last(), (iova, paddr, size, descriptor, prot) -> {
                resumed.add(iova);
                next[0] = iova + size;
                return false;
            });
            assertThat(resumed).as("leaves after one more walk that stops").hasSize(before + 1);
        }
        assertThat(resumed).isEqualTo(whole);
    }

    @EachConfiguration
    default void walkShowsLeavesThatHaveAByteInTheRangeAndNoOthers(Trial trial) {
        long page = trial.page();
        long iova = trial.iova(page, 3);
        trial.map(iova, 8 * page, page, 5);
        for (long from = 0; from < 5; from++) {
            for (long to = from; to < 5; to++) {
                List<Long> seen = new ArrayList<>();
                // From the last byte of one page to the first byte of another.
                long begin = iova + from * page + (from == to ? 0 : page - 1);
                trial.table()
                        .walk(
                                begin,
                                iova + to * page,
                                (at, paddr, size, descriptor, prot) -> seen.add((at - iova) / page));
                assertThat(seen)
                        .as("pages %d to %d", from, to)
                        .hasSize((int) (to - from + 1))
                        .startsWith(from);
            }
        }
        List<Long> outside = new ArrayList<>();
        trial.table().walk(trial.first(), iova - 1, (at, paddr, size, descriptor, prot) -> outside.add(at));
        trial.table().walk(iova + 5 * page, trial.last(), (at, paddr, size, descriptor, prot) -> outside.add(at));
        assertThat(outside).isEmpty();
    }

    @EachConfiguration
    default void mergedRangesJoinNeighboursAcrossTablesAndSizes(Trial trial) {
        long page = trial.page();
        long inTable = trial.pagesInTable();
        long whole = (trial.last() - trial.first() + 1) / page;
        long start = Math.max(0, Math.min(inTable, whole - 8) - 4);
        trial.map(trial.iova(page, start), 16 * page, page, 4);
        trial.map(trial.iova(page, start + 4), 20 * page, page, 2);
        trial.map(trial.iova(page, start + 6), 99 * page, page, 1);
        List<MergedRanges.Range> ranges = MergedRanges.of(trial.table(), trial.first(), trial.last());
        assertThat(ranges)
                .extracting(MergedRanges.Range::iova)
                .containsExactly(trial.iova(page, start), trial.iova(page, start + 6));
        assertThat(ranges).extracting(MergedRanges.Range::bytes).containsExactly(6 * page, page);
        assertThat(ranges).extracting(MergedRanges.Range::paddr).containsExactly(16 * page, 99 * page);
    }

    @EachConfiguration
    default void surveyCountsLeavesTablesAndBytes(Trial trial) {
        assertThat(trial.table().survey().leaves())
                .as("leaves of an empty table")
                .isZero();
        Expected expected = new Population(trial).fill(8);
        Map<Long, Long> bySize = new TreeMap<>();
        long[] digest = {0};
        trial.table().walk(trial.first(), trial.last(), (iova, paddr, size, descriptor, prot) -> {
            bySize.merge(size, 1L, Long::sum);
            digest[0] += TableSurvey.mix(iova, paddr, size, prot);
            return true;
        });
        TableSurvey survey = trial.table().survey();
        assertThat(survey.leaves()).isEqualTo(expected.leaves());
        assertThat(survey.leavesBySize()).isEqualTo(bySize);
        assertThat(survey.digest()).as("digest").isEqualTo(digest[0]);
        // Top tables that lie next to each other may be one allocation.
        assertThat(survey.tables()).isGreaterThanOrEqualTo(trial.ledger().live().size());
        assertThat(survey.tableBytes()).isEqualTo(trial.ledger().liveBytes());
        assertThat(trial.ledger().live())
                .as("root")
                .containsKey(trial.table().walkerConfig().root());
    }
}
