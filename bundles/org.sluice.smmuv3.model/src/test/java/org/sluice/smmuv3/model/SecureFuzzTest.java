package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Gerror;
import org.sluice.smmuv3.arch.Gerrorn;
import org.sluice.smmuv3.arch.Registers;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;

/** Any write to either bank, any command in the Secure queue and any access of either world is answered. */
class SecureFuzzTest {
    private static final long COMMANDS = 0x8910_0000L;
    private static final int BITS = 4;
    private static final int BANK = BankedRegisters.SECURE;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void anyRegisterCommandAndAccessOfTwoWorlds(long seed) {
        Random random = new Random(seed);
        Assertions.assertTimeoutPreemptively(Duration.ofMinutes(2), () -> {
            Smmu smmu = Smmu.translating("secure", true);
            for (int step = 0; step < 20_000; step++) {
                switch (random.nextInt(5)) {
                    case 0 -> {
                        int register = Registers.ALL
                                .get(random.nextInt(Registers.ALL.size()))
                                .address();
                        int offset = random.nextBoolean() ? register : BANK + (register & 0xfff);
                        long value = random.nextBoolean() ? random.nextLong() : 0x8900_0000L | random.nextInt(32);
                        smmu.registers.write32(offset, (int) value);
                        smmu.registers.write64(offset & -8, value);
                        assertThat(smmu.registers.read64(offset & -8) >>> 32)
                                .isEqualTo(Integer.toUnsignedLong(smmu.registers.read32((offset & -8) + 4)));
                    }
                    case 1 -> {
                        for (int slot = 0; slot < 1 << BITS; slot++) {
                            long word0 = random.nextLong() & ~0xffL | random.nextInt(0x84);
                            smmu.write(COMMANDS + slot * 16L, word0, random.nextLong());
                        }
                        smmu.registers.write32(BANK + Cr0.ADDRESS, 0);
                        smmu.registers.write64(BANK + CmdqBase.ADDRESS, COMMANDS | BITS);
                        smmu.registers.write32(BANK + Cr0.ADDRESS, random.nextInt(16) | (int) Cr0.CMDQEN_MASK);
                        smmu.registers.write32(BANK + Gerrorn.ADDRESS, smmu.registers.read32(BANK + Gerror.ADDRESS));
                        smmu.registers.write32(BANK + CmdqProd.ADDRESS, random.nextInt(2 << BITS));
                    }
                    default -> {
                        int flags = random.nextInt(4) | random.nextInt(4) << 8;
                        long iova = random.nextBoolean() ? 0x1000 : random.nextLong() & -8;
                        int sid = random.nextInt(4) == 0 ? random.nextInt() : Smmu.SID;
                        assertThat(smmu.model.translate(sid, Dma.NO_PASID, iova, flags))
                                .isNotNull();
                        assertThat(smmu.model.transact(sid, Dma.NO_PASID, iova, flags, new byte[8], 0, 8))
                                .isIn(Dma.OK, Dma.ABORT, Dma.RAZ_WI);
                    }
                }
            }
            assertThat(smmu.counter("s.transaction")).isGreaterThan(1_000);
            assertThat(IommuModel.SECURE & IommuModel.WRITE).isZero();
        });
    }
}
