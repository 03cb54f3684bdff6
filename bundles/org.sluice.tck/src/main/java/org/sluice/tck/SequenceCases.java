package org.sluice.tck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.sluice.api.Errno;
import org.sluice.spi.pgtable.MappingException;

/** Random sequences of operations do what a sorted map does. */
interface SequenceCases {
    /** System property that repeats one seed. */
    String SEED = "sluice.tck.seed";

    /** Seeds that are tried. */
    int SEEDS = 6;

    /** Steps of a sequence. */
    int STEPS = 400;

    @EachConfiguration
    default void anySequenceDoesWhatASortedMapDoes(Trial trial) {
        checkSeeds(trial, false);
    }

    @EachConfiguration
    default void anySequenceDoesWhatASortedMapDoesInAMemoryWithoutWindows(Trial trial) {
        checkSeeds(trial, true);
    }

    private static void checkSeeds(Trial trial, boolean windowless) {
        Long only = Long.getLong(SEED);
        long first = only == null ? 0 : only;
        for (long seed = first; seed < first + (only != null ? 1 : windowless ? 2 : SEEDS); seed++) {
            Random random = new Random(seed);
            List<Operation> sequence = new ArrayList<>();
            for (int i = 0; i < STEPS; i++) {
                sequence.add(Operation.random(random, trial));
            }
            Shrinking.check(seed, sequence, steps -> catchThrowable(() -> replay(trial.another(windowless), steps)));
        }
    }

    private static void replay(Trial trial, List<Operation> sequence) {
        Expected expected = new Expected(trial);
        for (Operation step : sequence) {
            switch (step.kind()) {
                case MAP:
                    expected.map(step.iova(), step.paddr(), step.size(), step.count(), step.prot(), map(trial, step));
                    break;
                case UNMAP:
                    long unmapped = trial.unmap(step.iova(), step.size(), step.count());
                    expected.unmap(step.iova(), step.size(), step.count(), unmapped);
                    break;
                default:
                    trial.sync();
                    trial.ledger().settle();
                    break;
            }
            long page = trial.page();
            long end = step.iova() + step.count() * step.size();
            for (long probe : new long[] {step.iova(), step.iova() + page + 1, end - 1, end + page}) {
                if (Long.compareUnsigned(probe - trial.first(), trial.last() - trial.first()) <= 0) {
                    assertThat(trial.table().iovaToPhys(probe))
                            .as("iovaToPhys(0x%x) after %s", probe, step)
                            .isEqualTo(expected.iovaToPhys(probe));
                }
            }
        }
        expected.assertMappedBy(trial);
        trial.finish();
    }

    private static long map(Trial trial, Operation step) {
        try {
            return trial.table().mapPages(step.iova(), step.paddr(), step.size(), step.count(), step.prot());
        } catch (MappingException taken) {
            assertThat(taken.errno()).as("%s", step).isEqualTo(Errno.EEXIST);
            return taken.mapped();
        }
    }
}
