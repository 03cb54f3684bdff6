package org.sluice.board.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sluice.smmuv3.arch.Cr0Ack;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.Gerror;
import org.sluice.smmuv3.arch.Gerrorn;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Idr1;
import org.sluice.smmuv3.arch.Idr3;
import org.sluice.smmuv3.arch.Idr5;

/**
 * The device model against QEMU's SMMUv3: random but legal registers, stream tables, contexts, page tables, changes with
 * their invalidations, and DMAs. Outcome, data and event words must be the same, but for {@link Departure}s, each of which is
 * no wider than what QEMU is known to do.
 *
 * <p>The seed is printed; {@code -Dsluice.differential.seed=N} repeats a run, {@code -Dsluice.differential.dmas=N} makes it
 * longer.
 */
@Timeout(3600)
class ModelAgainstQemuTest {
    private static final long DMAS = Long.getLong("sluice.differential.dmas", 12_000);
    private static final int DMAS_OF_A_SET_UP = 40;
    private static final int DMAS_TO_A_CHANGE = 4;
    private static final int MOST_DIFFERENCES = 5;

    private final long seed = Long.getLong("sluice.differential.seed", System.nanoTime());
    private final Map<Departure, Integer> departures = new EnumMap<>(Departure.class);
    private final Map<String, Integer> agreed = new TreeMap<>();
    private final StringBuilder differences = new StringBuilder();
    private int differenceCount;
    private long dmas;
    private long setUps;

    @Test
    void stage1OfQemu72() {
        String binary = InstalledQemu.binary();
        boolean old = !QemuProgram.find(binary).version().hasStages();
        run(binary, "", old ? "qemu-7.2" : "qemu-10", old, RandomSetUp.Reach.LOW_HALF);
    }

    @Test
    void bothHalvesOfStage1OfQemuWithStages() {
        run(withStages(), "1", "qemu-10", false, RandomSetUp.Reach.STAGE_1);
    }

    @Test
    void stage2OfQemuWithStages() {
        run(withStages(), "2", "qemu-10-s2", false, RandomSetUp.Reach.STAGE_2);
    }

    @Test
    void nestedStagesOfQemuWithStages() {
        run(withStages(), "nested", "qemu-10-nested", false, RandomSetUp.Reach.NESTED);
    }

    private static String withStages() {
        String binary = System.getProperty("sluice.qemu.nested", "");
        if (binary.isEmpty()) {
            System.err.println("NOT RUN, no QEMU: sluice.qemu.nested names no program");
            return abort("sluice.qemu.nested names no program");
        }
        return binary;
    }

    private void run(String binary, String stage, String profile, boolean old, RandomSetUp.Reach reach) {
        try (Twins twins = new Twins(binary, stage, profile)) {
            for (long register : new long[] {Idr0.ADDRESS, Idr1.ADDRESS, Idr3.ADDRESS, Idr5.ADDRESS}) {
                long[] both = twins.read32(register);
                assertThat(both[1]).as("ID register at 0x%x", register).isEqualTo(both[0]);
            }
            // QEMU does not find its way back from two levels
            for (boolean twoLevel : new boolean[] {false, true}) {
                RandomSetUp setUp = new RandomSetUp(twins, reach, twoLevel);
                for (long until = twoLevel ? DMAS : DMAS / 2; dmas < until && differenceCount < MOST_DIFFERENCES; ) {
                    setUp.build(new Random(seed + setUps++));
                    compare(twins, setUp, old);
                }
            }
        }
        System.err.printf(
                "%s, %s: %d DMAs on QEMU and on the model, seed %d%n  the same: %s%n  known departures: %s%n",
                profile, reach, dmas, seed, agreed, departures);
        assertThat(differences).as("differences, seed %d", seed).isEmpty();
        assertThat(agreed)
                .as("the set-ups reach all of this")
                .containsKeys("completed", "aborted", "C_BAD_STREAMID", "C_BAD_STE");
        if (reach != RandomSetUp.Reach.STAGE_2) {
            assertThat(agreed).containsKey("C_BAD_CD");
        }
        assertThat(agreed.get("completed")).isGreaterThan((int) (dmas / 20));
    }

    private void compare(Twins twins, RandomSetUp setUp, boolean old) {
        Random random = setUp.random();
        for (int i = 0; i < DMAS_OF_A_SET_UP; i++) {
            if (i % DMAS_TO_A_CHANGE == DMAS_TO_A_CHANGE - 1) {
                setUp.change();
            }
            int streamId = Twins.STREAMS.get(random.nextInt(Twins.STREAMS.size()));
            long iova = setUp.iova(streamId);
            boolean write = random.nextBoolean();
            int value = random.nextInt() >>> (random.nextBoolean() ? 16 : 0);
            if (setUp.isBypassed(streamId) && random.nextInt(4) != 0) {
                iova = RandomTables.DATA + (iova & RandomTables.DATA_BYTES - 4);
            } else if (setUp.isBypassed(streamId)) {
                // beyond the output size, where no machine has anything
                iova |= 1L << 47;
            } else if (setUp.leadsAstray(streamId, iova)) {
                continue;
            }
            judge(twins, setUp, old, new Dma(streamId, iova, write, value));
        }
        byte[][] data = twins.contents(RandomTables.DATA, RandomTables.DATA_BYTES);
        if (!Arrays.equals(data[0], data[1])) {
            differ("memory after the DMAs of set-up " + setUps);
        }
        for (long register : new long[] {Gerror.ADDRESS, Gerrorn.ADDRESS, Cr0Ack.ADDRESS}) {
            long[] both = twins.read32(register);
            if (both[0] != both[1]) {
                differ(String.format("register 0x%x: QEMU 0x%x, model 0x%x", register, both[0], both[1]));
            }
        }
    }

    /** A DMA of four bytes. */
    private record Dma(int streamId, long iova, boolean write, int value) {}

    private void judge(Twins twins, RandomSetUp setUp, boolean old, Dma dma) {
        dmas++;
        var why = twins.explain(dma.streamId(), dma.iova(), dma.write());
        Observation[] both = twins.dma(dma.streamId(), dma.iova(), dma.write(), dma.value());
        Evidence evidence = new Evidence(
                old,
                setUp.isOfStage2(),
                setUp.isNested(),
                setUp.isNarrow(dma.streamId()),
                setUp.isTwoLevel(),
                setUp.isInDoubleSpan(dma.streamId()),
                setUp.isBypassed(dma.streamId()),
                dma.write(),
                setUp.walk(dma.streamId(), dma.iova()),
                both[0],
                both[1],
                why);
        if (evidence.agrees()) {
            int event = both[0].event();
            String what = event == 0 ? both[0].completed() ? "completed" : "aborted" : EventId.name(event);
            agreed.merge(what, 1, Integer::sum);
            return;
        }
        for (Departure departure : Departure.values()) {
            if (departure.explains(evidence)) {
                departures.merge(departure, 1, Integer::sum);
                if (dma.write() && (both[0].completed() || both[1].completed())) {
                    twins.followQemu(RandomTables.DATA, RandomTables.DATA_BYTES);
                }
                return;
            }
        }
        differ("DMA " + dmas + ": " + evidence);
    }

    private void differ(String what) {
        differenceCount++;
        differences.append(what).append('\n');
    }
}
