package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.ContextDescriptor;
import org.sluice.smmuv3.arch.Gerror;
import org.sluice.smmuv3.arch.Gerrorn;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.AtsCompletion;
import org.sluice.spi.board.AtsCompletion.Status;
import org.sluice.spi.board.AtsPageRequest;
import org.sluice.spi.board.Dma;

/** Whatever an endpoint with a device TLB sends, and whatever is in memory, the model answers and never throws. */
class AtsFuzzTest {
    private static final int STEPS = 30_000;

    private static long word(Random random) {
        return switch (random.nextInt(6)) {
            case 0 -> 0;
            case 1 -> random.nextLong();
            case 2 -> 1L << random.nextInt(64);
            default ->
                0x9000_0000L
                        | random.nextInt(16) << 12
                        | random.nextInt(0x1000)
                        | (random.nextBoolean() ? 1L << 51 : 0) & -1L >>> random.nextInt(8);
        };
    }

    private static void configure(AtsBench bench, Random random) {
        long config = 4 + random.nextInt(4);
        long word0 = StreamTableEntry.withConfig(Smmu.stage1Word0(random.nextInt(3)), config);
        long word1 = StreamTableEntry.withEats(random.nextInt(4), random.nextInt(4));
        long word2 = Smmu.stage2Word2(random.nextInt(4))
                | (random.nextBoolean() ? StreamTableEntry.S2HA_MASK | StreamTableEntry.S2HD_MASK : 0);
        long flip = random.nextInt(4) == 0 ? 1L << random.nextInt(64) : 0;
        bench.smmu.ste(Smmu.SID, word0 ^ flip, word1, word2, 0x9000_0000L);
        long cd = Smmu.cdWord0(random.nextInt(4))
                | (random.nextBoolean() ? ContextDescriptor.HA_MASK | ContextDescriptor.HD_MASK : 0);
        bench.smmu.cd(random.nextInt(4), cd, 0x9000_0000L | random.nextInt(16) << 12);
        bench.smmu.command(4, 31);
        bench.smmu.command(0x30, 0);
    }

    private static void request(AtsBench bench, Random random) {
        int sid = random.nextInt(8) == 0 ? random.nextInt() : Smmu.SID;
        int pasid = random.nextInt(3) == 0 ? Dma.NO_PASID : random.nextInt(16) == 0 ? random.nextInt() : 1;
        long address = random.nextBoolean() ? random.nextLong() : random.nextLong() >>> 16 + random.nextInt(40);
        int flags = random.nextInt(4) | random.nextInt(2) << 8;
        AtsCompletion completion = bench.ats.requestTranslation(sid, pasid, address, flags);
        if (completion.status() == Status.SUCCESS) {
            assertThat(Long.bitCount(completion.bytes())).isEqualTo(1);
            assertThat(completion.address() & completion.bytes() - 1).isZero();
            assertThat(completion.global() || completion.untranslatedOnly()).isFalse();
            // without a PASID there is neither
            assertThat(pasid == Dma.NO_PASID && (completion.execute() || completion.privileged()))
                    .isFalse();
            assertThat(completion.execute() && !completion.read()).isFalse();
        } else {
            assertThat(completion).isEqualTo(AtsCompletion.refused(completion.status()));
        }
        long output = random.nextBoolean() ? completion.address() : random.nextLong();
        int offset = (int) (output & 4095);
        int length = 1 + random.nextInt(4096 - offset);
        assertThat(bench.ats.transactTranslated(sid, output, flags, new byte[length], 0, length))
                .isIn(Dma.OK, Dma.ABORT);
        bench.ats.requestPage(
                sid,
                new AtsPageRequest(
                        pasid,
                        address,
                        random.nextBoolean(),
                        random.nextBoolean(),
                        random.nextBoolean(),
                        random.nextBoolean(),
                        random.nextBoolean(),
                        random.nextInt()));
        bench.ats.announceAccess(sid, pasid, address, random.nextInt(), flags);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void anyRequestOnAnyTable(long seed) {
        Random random = new Random(seed);
        Assertions.assertTimeoutPreemptively(Duration.ofMinutes(2), () -> {
            AtsBench bench = new AtsBench("tlb.entries", 64, "config.entries", 16);
            for (int at = 0; at < 16 * 4096; at += 8) {
                bench.smmu.memory.write64(0x9000_0000L + at, word(random));
            }
            for (int step = 0; step < STEPS; step++) {
                switch (random.nextInt(8)) {
                    case 0 -> configure(bench, random);
                    case 1 -> bench.smmu.memory.write64(0x9000_0000L + random.nextInt(0x10000) / 8 * 8L, word(random));
                    case 2 -> {
                        int opcode = random.nextBoolean() ? Opcode.ATC_INV : Opcode.PRI_RESP;
                        bench.smmu.command(random.nextLong() & ~0xffL | opcode, random.nextLong());
                        if (bench.smmu.commandError() != 0) {
                            for (int slot = 0; slot < 1 << Smmu.QUEUE_BITS; slot++) {
                                bench.smmu.write(Smmu.COMMANDS + slot * 16L, CmdSync.OPCODE_VALUE, 0);
                            }
                            bench.smmu.registers.write32(Gerrorn.ADDRESS, bench.smmu.registers.read32(Gerror.ADDRESS));
                        }
                    }
                    case 3 -> bench.enable(random.nextInt(8) == 0 ? random.nextInt() : AtsBench.ON);
                    default -> request(bench, random);
                }
                if (random.nextInt(64) == 0) {
                    bench.smmu.events();
                    bench.pageRequests();
                    if (bench.overflowing()) {
                        bench.acknowledgeOverflow();
                    }
                }
            }
            assertThat(bench.smmu.counter("ats.request")).isGreaterThan(5_000);
            assertThat(bench.smmu.counter("walk.update")).isPositive();
        });
    }
}
