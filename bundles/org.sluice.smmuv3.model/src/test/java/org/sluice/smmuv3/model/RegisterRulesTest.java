package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr0Ack;
import org.sluice.smmuv3.arch.Cr1;
import org.sluice.smmuv3.arch.EventqBase;
import org.sluice.smmuv3.arch.EventqIrqCfg0;
import org.sluice.smmuv3.arch.EventqProd;
import org.sluice.smmuv3.arch.Gbpa;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Idr1;
import org.sluice.smmuv3.arch.IrqCtrl;
import org.sluice.smmuv3.arch.IrqCtrlAck;
import org.sluice.smmuv3.arch.PriqBase;
import org.sluice.smmuv3.arch.StrtabBase;
import org.sluice.smmuv3.arch.StrtabBaseCfg;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Translation;

class RegisterRulesTest {
    private static final long DATA = 0x9100_0000L;

    @ParameterizedTest
    @CsvSource({
        "qemu-7.2,0xd40101a,0x1404",
        "qemu-10,0xd44101a,0x1404",
        "qemu-10-s2,0xd441019,0x1414",
        "qemu-10-nested,0xd44101b,0x1414"
    })
    void profilesHaveTheIdRegistersOfQemu(String profile, String idr0, String idr3) {
        Smmu smmu = Smmu.reset("profile", profile);
        assertThat(smmu.registers.read32(0x00)).isEqualTo(Integer.decode(idr0));
        assertThat(smmu.registers.read32(0x04)).isEqualTo(0x02730010);
        assertThat(smmu.registers.read32(0x0c)).isEqualTo(Integer.decode(idr3));
        assertThat(smmu.registers.read32(0x14)).isEqualTo(0x74);
        assertThat(smmu.registers.read64(0x00)).isEqualTo(0x02730010L << 32 | Integer.decode(idr0));
    }

    @ParameterizedTest
    @CsvSource({
        "idr0.HTTU, 3, idr0.HTTU",
        "idr0.STALL_MODEL, 3, idr0.STALL_MODEL",
        "idr5.STALL_MAX, 1, idr5.STALL_MAX",
        "idr0.NOPE, 1, idr0.NOPE",
        "idr1.SIDSIZE, 33, idr1.SIDSIZE",
        "idr1.SIDSIZE, 64, idr1.SIDSIZE",
        "idr5.OAS, 7, idr5.OAS",
        "idr5.VAX, 2, idr5.VAX",
        "idr0.S1P, yes, idr0.S1P",
        "profile, arm, profile",
        "tlb.entries, 3, tlb.entries",
        "tlb.entries, 2097152, tlb.entries",
        "tlb.size, 16, tlb.size",
        "tlb.ways, none, tlb.ways",
        "tlb.ways, 32, tlb.ways",
        "tlb.contiguous, 1, tlb.contiguous",
        "tlb.overreach, some, tlb.overreach",
        "config.overreach, some, config.overreach",
        "statistics.streams, 3, statistics.streams",
        "speed, 1, speed"
    })
    void propertiesThatCannotBeAreRejectedByName(String key, String value, String named) {
        assertThatThrownBy(() -> Smmu.reset(key, value))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("EINVAL")
                .hasMessageContaining(named)
                .hasMessageContaining(value);
    }

    @Test
    void idRegistersIgnoreWrites() {
        Smmu smmu = Smmu.reset();
        int before = smmu.registers.read32(Idr0.ADDRESS);
        smmu.registers.write32(Idr0.ADDRESS, ~before);
        assertThat(smmu.registers.read32(Idr0.ADDRESS)).isEqualTo(before);
    }

    @Test
    void unknownOffsetsReadZeroAndIgnoreWrites() {
        Smmu smmu = Smmu.reset();
        for (long offset :
                new long[] {-8, 0x30, 0x1c0, 0x8000, 0x10000, 0x20000, 0x1_0000_0000L, Long.MAX_VALUE & ~7}) {
            smmu.registers.write32(offset, -1);
            smmu.registers.write64(offset, -1);
            assertThat(smmu.registers.read32(offset)).isZero();
            assertThat(smmu.registers.read64(offset)).isZero();
        }
        smmu.registers.write32(Cr0.ADDRESS + 1, -1);
        assertThat(smmu.registers.read32(Cr0.ADDRESS)).isZero();
    }

    @Test
    void registersOfAbsentFeaturesAreReserved() {
        Smmu smmu = Smmu.reset("idr0.MSI", 0, "idr0.ATS", 0);
        smmu.registers.write64(PriqBase.ADDRESS, -1);
        smmu.registers.write64(EventqIrqCfg0.ADDRESS, -1);
        smmu.registers.write32(Cr0.ADDRESS, -1);
        assertThat(smmu.registers.read64(PriqBase.ADDRESS)).isZero();
        assertThat(smmu.registers.read64(EventqIrqCfg0.ADDRESS)).isZero();
        assertThat(smmu.registers.read32(Cr0.ADDRESS)).isEqualTo(0xd);
    }

    @Test
    void bothHalvesOfAWideRegisterCanBeWrittenAlone() {
        Smmu smmu = Smmu.reset();
        smmu.registers.write32(StrtabBase.ADDRESS + 4, 0x4000_0012);
        smmu.registers.write32(StrtabBase.ADDRESS, 0x3456_7040);
        assertThat(smmu.registers.read64(StrtabBase.ADDRESS)).isEqualTo(0x4000_0012_3456_7040L);
        assertThat(smmu.registers.read32(StrtabBase.ADDRESS + 4)).isEqualTo(0x4000_0012);
    }

    @Test
    void acknowledgementMirrorsTheEnables_R45() {
        Smmu smmu = Smmu.reset();
        smmu.registers.write32(Cr0.ADDRESS, (int) Cr0.CMDQEN_MASK);
        assertThat(smmu.registers.read32(Cr0Ack.ADDRESS)).isEqualTo((int) Cr0.CMDQEN_MASK);
        smmu.registers.write32(IrqCtrl.ADDRESS, -1);
        assertThat(smmu.registers.read32(IrqCtrlAck.ADDRESS)).isEqualTo(7);
        Smmu withoutPri = Smmu.reset("idr0.PRI", 0);
        withoutPri.registers.write32(IrqCtrl.ADDRESS, -1);
        assertThat(withoutPri.registers.read32(IrqCtrlAck.ADDRESS)).isEqualTo(5);
    }

    @Test
    void guardedRegistersIgnoreWritesWhileEnabled_R45() {
        Smmu smmu = Smmu.on();
        int[] guarded = {StrtabBaseCfg.ADDRESS, CmdqCons.ADDRESS, EventqProd.ADDRESS, Cr1.ADDRESS};
        long[] bases = {StrtabBase.ADDRESS, CmdqBase.ADDRESS, EventqBase.ADDRESS, EventqIrqCfg0.ADDRESS};
        for (int register : guarded) {
            int before = smmu.registers.read32(register);
            smmu.registers.write32(register, ~before);
            assertThat(smmu.registers.read32(register)).as("0x%x", register).isEqualTo(before);
        }
        for (long register : bases) {
            long before = smmu.registers.read64(register);
            smmu.registers.write64(register, ~before);
            assertThat(smmu.registers.read64(register)).as("0x%x", register).isEqualTo(before);
        }
        smmu.registers.write32(Cr0.ADDRESS, 0);
        smmu.registers.write32(Cr1.ADDRESS, 0xd75);
        assertThat(smmu.registers.read32(Cr1.ADDRESS)).isEqualTo(0xd75);
    }

    @Test
    void whileOffGbpaAppliesAndQueuesWork_R46() {
        Smmu smmu = Smmu.on().ste(Smmu.SID, 1);
        assertThat(smmu.read(DATA)).isEqualTo(Dma.ABORT);
        smmu.registers.write32(Cr0.ADDRESS, (int) (Cr0.CMDQEN_MASK | Cr0.EVENTQEN_MASK));
        assertThat(smmu.read(DATA)).isEqualTo(Dma.OK);
        assertThat(smmu.translate(Dma.NO_PASID, DATA, 0))
                .isEqualTo(new Translation(Translation.Outcome.BYPASSED, DATA, 0, ""));
        smmu.sync();
        assertThat(smmu.commandsConsumed()).isTrue();

        smmu.registers.write32(Gbpa.ADDRESS, (int) (Gbpa.UPDATE_MASK | Gbpa.ABORT_MASK));
        assertThat(smmu.read(DATA)).isEqualTo(Dma.ABORT);
        assertThat(smmu.translate(Dma.NO_PASID, DATA, 0).outcome()).isEqualTo(Translation.Outcome.ABORTED);
        assertThat(smmu.events()).isEmpty();
    }

    @Test
    void turningTranslationOffAndOnInvalidatesNothing_R46() {
        Smmu smmu = Smmu.translating();
        smmu.map(Smmu.ROOT, 0x1000, DATA, Tables.RW);
        smmu.read(0x1000);
        smmu.registers.write32(Cr0.ADDRESS, 0);
        smmu.map(Smmu.ROOT, 0x1000, DATA + 0x1000, Tables.RW);
        smmu.ste(Smmu.SID, 1);
        smmu.registers.write32(Cr0.ADDRESS, 0xd);
        assertThat(smmu.translate(Dma.NO_PASID, 0x1000, 0).address()).isEqualTo(DATA);
    }

    @Test
    void gbpaNeedsUpdateWhichReadsBackAsZero_R47() {
        Smmu smmu = Smmu.reset();
        smmu.registers.write32(Gbpa.ADDRESS, (int) Gbpa.ABORT_MASK);
        assertThat(smmu.registers.read32(Gbpa.ADDRESS)).isZero();
        smmu.registers.write32(Gbpa.ADDRESS, (int) (Gbpa.UPDATE_MASK | Gbpa.ABORT_MASK));
        assertThat(smmu.registers.read32(Gbpa.ADDRESS)).isEqualTo(1 << 20);
    }

    @Test
    void commandsRunWhenTheQueueIsEnabled() {
        Smmu smmu = Smmu.reset();
        smmu.registers.write64(CmdqBase.ADDRESS, Smmu.COMMANDS | 4);
        smmu.write(Smmu.COMMANDS, 0x46, 0);
        smmu.registers.write32(CmdqProd.ADDRESS, 1);
        assertThat(smmu.registers.read32(CmdqCons.ADDRESS)).isZero();
        smmu.registers.write32(Cr0.ADDRESS, (int) Cr0.CMDQEN_MASK);
        assertThat(smmu.registers.read32(CmdqCons.ADDRESS)).isEqualTo(1);
    }

    @Test
    void withoutStage1ItsStreamsAreIllegal() {
        Smmu smmu = Smmu.translating("idr0.S1P", 0);
        assertThat(smmu.read(0x1000)).isEqualTo(Dma.ABORT);
        assertThat(smmu.eventNames()).containsExactly("C_BAD_STE");
    }

    @Test
    void linearTablesOnlyWithoutStLevel() {
        Smmu smmu = Smmu.reset("idr0.ST_LEVEL", 0)
                .twoLevelStreams(Smmu.STREAMS, 8, 8)
                .enable();
        smmu.ste(Smmu.SID, 9);
        assertThat(smmu.read(DATA)).isEqualTo(Dma.OK);
    }

    @Test
    void poweredOffEverythingAborts() {
        Smmu smmu = Smmu.on().ste(Smmu.SID, 9);
        smmu.model.close();
        assertThat(smmu.read(DATA)).isEqualTo(Dma.ABORT);
        assertThat(smmu.translate(Dma.NO_PASID, DATA, 0).outcome()).isEqualTo(Translation.Outcome.ABORTED);
    }

    @Test
    void transactionsAcrossPagesAreTheBoardsMistake() {
        Smmu smmu = Smmu.on();
        assertThatThrownBy(() -> smmu.read(Dma.NO_PASID, 0xffe, new byte[4], 0))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("0xffe")
                .hasMessageContaining("4");
        assertThat(Idr1.sidsize(smmu.registers.read32(Idr1.ADDRESS))).isEqualTo(16);
    }
}
