package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.Gerror;
import org.sluice.smmuv3.arch.Gerrorn;
import org.sluice.smmuv3.arch.Registers;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Translation;

/** Whatever a guest or a device does, the model answers, and it never throws. Seeds are the tests' names. */
class FuzzTest {
    private static final int[] PAGES = {0, 0x10000};
    private static final int[] OUTCOMES = {Dma.OK, Dma.ABORT, Dma.RAZ_WI};

    /** Words that are often pointers into the little memory that tables can be in, and often nearly valid. */
    private static long word(Random random) {
        return switch (random.nextInt(8)) {
            case 0 -> 0;
            case 1 -> -1;
            case 2 -> random.nextLong();
            case 3 -> 1L << random.nextInt(64);
            default ->
                0x9000_0000L | random.nextInt(16) << 12 | random.nextInt(0x1000) & (random.nextBoolean() ? 3 : -1);
        };
    }

    private static void access(Smmu smmu, Random random) {
        int sid = random.nextInt(8) == 0 ? random.nextInt() : random.nextInt(512);
        int substream = random.nextInt(3) == 0 ? random.nextInt() : random.nextInt(20) - 1;
        long iova = random.nextBoolean() ? random.nextLong() : random.nextLong() >>> 16 + random.nextInt(40);
        int length = 1 + random.nextInt(4096 - (int) (iova & 4095));
        int flags = random.nextInt(4) | random.nextInt(2) << 8;
        Translation expected = smmu.model.translate(sid, substream, iova, flags);
        assertThat(expected).isNotNull();
        int outcome = smmu.model.transact(sid, substream, iova, flags, new byte[length], 0, length);
        assertThat(OUTCOMES).contains(outcome);
        if (expected.outcome() == Translation.Outcome.ABORTED) {
            assertThat(outcome).isEqualTo(Dma.ABORT);
        } else if (expected.outcome() == Translation.Outcome.FAULTED) {
            assertThat(outcome).isNotEqualTo(Dma.OK);
        } else {
            assertThat(outcome).isEqualTo(smmu.memory.contains(expected.address(), length) ? Dma.OK : Dma.ABORT);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void anyRegisterWriteAndAnyAccess(long seed) {
        Random random = new Random(seed);
        Assertions.assertTimeoutPreemptively(Duration.ofMinutes(2), () -> {
            Smmu smmu = Smmu.reset();
            for (int step = 0; step < 20_000; step++) {
                long offset = random.nextInt(4) == 0
                        ? PAGES[random.nextInt(2)] + random.nextInt(0x200)
                        : Registers.ALL
                                .get(random.nextInt(Registers.ALL.size()))
                                .address();
                switch (random.nextInt(4)) {
                    case 0 -> smmu.registers.write32(offset, (int) word(random));
                    case 1 -> smmu.registers.write64(offset & -8, word(random));
                    case 2 -> {
                        smmu.registers.read32(offset);
                        smmu.registers.read64(offset & -8);
                    }
                    default -> access(smmu, random);
                }
                if (random.nextInt(8) == 0) {
                    smmu.registers.write32(Gerrorn.ADDRESS, smmu.registers.read32(Gerror.ADDRESS));
                }
            }
        });
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14, 15, 16, 17, 18})
    void anyTable(long seed) {
        Random random = new Random(seed);
        Assertions.assertTimeoutPreemptively(Duration.ofMinutes(2), () -> {
            Smmu smmu = Smmu.reset("tlb.entries", 64, "config.entries", 16);
            if (random.nextBoolean()) {
                smmu.twoLevelStreams(Smmu.STREAMS, random.nextInt(20), random.nextInt(32));
            }
            smmu.enable();
            for (int page = 0; page < 16; page++) {
                for (int at = 0; at < 4096; at += 8) {
                    smmu.memory.write64(0x9000_0000L + page * 4096L + at, word(random));
                }
            }
            for (int step = 0; step < 20_000; step++) {
                int sid = random.nextInt(256);
                switch (random.nextInt(6)) {
                    case 0 -> {
                        long config = random.nextInt(4) == 0 ? word(random) : Smmu.stage1Word0(random.nextInt(12));
                        smmu.ste(sid, config ^ bit(random), word(random) & 3, word(random));
                        smmu.command(4, 31);
                    }
                    case 1 -> {
                        long word0 = Smmu.cdWord0(random.nextInt(4)) ^ bit(random);
                        smmu.cd(random.nextInt(16), word0, word(random), word(random), word(random));
                        smmu.command(4, 31);
                    }
                    case 2 -> smmu.memory.write64(0x9000_0000L + random.nextInt(0x10000) / 8 * 8L, word(random));
                    default -> access(smmu, random);
                }
                if (random.nextInt(64) == 0) {
                    smmu.events();
                }
            }
            assertThat(smmu.counter("transaction")).isGreaterThan(5_000);
        });
    }

    private static long bit(Random random) {
        return random.nextInt(3) == 0 ? 1L << random.nextInt(64) : 0;
    }

    @ParameterizedTest
    @ValueSource(longs = {21, 22, 23, 24})
    void anyCommand(long seed) {
        Random random = new Random(seed);
        Assertions.assertTimeoutPreemptively(Duration.ofMinutes(2), () -> {
            Smmu smmu = Smmu.translating();
            for (int step = 0; step < 20_000; step++) {
                long word0 = random.nextInt(4) == 0
                        ? random.nextLong()
                        : word(random) & ~0xffL | random.nextInt(0x90) & (random.nextInt(8) == 0 ? -1 : 0x7f);
                smmu.command(word0, random.nextBoolean() ? word(random) : random.nextLong());
                if (random.nextInt(16) == 0) {
                    smmu.registers.write32(CmdqProd.ADDRESS, random.nextInt());
                    smmu.registers.write32(CmdqProd.ADDRESS, random.nextInt(2 << Smmu.QUEUE_BITS));
                }
                if (smmu.commandError() != 0) {
                    // skip it as a driver would, by a command that does nothing
                    for (int slot = 0; slot < 1 << Smmu.QUEUE_BITS; slot++) {
                        smmu.write(Smmu.COMMANDS + slot * 16L, CmdSync.OPCODE_VALUE, 0);
                    }
                    smmu.registers.write32(Gerrorn.ADDRESS, smmu.registers.read32(Gerror.ADDRESS));
                    assertThat(smmu.commandError()).isZero();
                }
            }
            assertThat(smmu.commandsConsumed()).isTrue();
        });
    }
}
