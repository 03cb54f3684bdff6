package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.EventqBase;
import org.sluice.smmuv3.arch.EventqCons;
import org.sluice.smmuv3.arch.EventqIrqCfg0;
import org.sluice.smmuv3.arch.EventqIrqCfg1;
import org.sluice.smmuv3.arch.EventqProd;
import org.sluice.smmuv3.arch.EvtFAccess;
import org.sluice.smmuv3.arch.EvtFAddrSize;
import org.sluice.smmuv3.arch.EvtFPermission;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.smmuv3.arch.EvtFWalkEabt;
import org.sluice.smmuv3.arch.Gerror;
import org.sluice.smmuv3.arch.Gerrorn;
import org.sluice.smmuv3.arch.IrqCtrl;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;

class EventRulesTest {
    private static final int ALL = (int) (Cr0.CMDQEN_MASK | Cr0.EVENTQEN_MASK | Cr0.SMMUEN_MASK);

    @ParameterizedTest
    @CsvSource({"0,8", "256,0", "1,10", "2,12", "3,14", "257,2", "258,0", "259,2"})
    void flagsStandInTheUpperHalfOfTheSecondWord_R29(int flags, int nibble) {
        Smmu smmu = Smmu.translating();
        smmu.model.transact(Smmu.SID, Dma.NO_PASID, 0x1234_5678L, flags, new byte[4], 0, 4);
        assertThat(IommuModel.WRITE | Dma.PRIVILEGED | Dma.EXECUTE).isEqualTo(259);
        assertThat(smmu.events().get(0))
                .containsExactly(0x42_0000_0010L, 0x200_0000_0000L | (long) nibble << 32, 0x1234_5678L, 0);
    }

    @Test
    void substreamIsValidOnlyWithSsv_R29() {
        Smmu smmu = Smmu.on().stage1(4, 1).cd(5, Smmu.cdWord0(1), Smmu.ROOT);
        smmu.read(5, 0x7000, new byte[4], 0);
        assertThat(smmu.events().get(0)[0]).isEqualTo(0x42_0000_5810L);
    }

    @Test
    void accessGroupStandsAtTheSamePlaceInEveryFault_R29() {
        // the encoder relies on it
        List<Long> translation = List.of(
                EvtFTranslation.PNU_MASK,
                EvtFTranslation.IND_MASK,
                EvtFTranslation.RNW_MASK,
                EvtFTranslation.CLASS_MASK,
                EvtFTranslation.INPUTADDR_MASK);
        assertThat(List.of(
                        EvtFAddrSize.PNU_MASK,
                        EvtFAddrSize.IND_MASK,
                        EvtFAddrSize.RNW_MASK,
                        EvtFAddrSize.CLASS_MASK,
                        EvtFAddrSize.INPUTADDR_MASK))
                .isEqualTo(translation);
        assertThat(List.of(
                        EvtFAccess.PNU_MASK,
                        EvtFAccess.IND_MASK,
                        EvtFAccess.RNW_MASK,
                        EvtFAccess.CLASS_MASK,
                        EvtFAccess.INPUTADDR_MASK))
                .isEqualTo(translation);
        assertThat(List.of(
                        EvtFPermission.PNU_MASK,
                        EvtFPermission.IND_MASK,
                        EvtFPermission.RNW_MASK,
                        EvtFPermission.CLASS_MASK,
                        EvtFPermission.INPUTADDR_MASK))
                .isEqualTo(translation);
        assertThat(List.of(
                        EvtFWalkEabt.PNU_MASK,
                        EvtFWalkEabt.IND_MASK,
                        EvtFWalkEabt.RNW_MASK,
                        EvtFWalkEabt.CLASS_MASK,
                        EvtFWalkEabt.INPUTADDR_MASK))
                .isEqualTo(translation);
    }

    private static long producer(Smmu smmu) {
        return Integer.toUnsignedLong(smmu.registers.read32(EventqProd.ADDRESS));
    }

    @Test
    void fullQueueTogglesOverflowOnceUntilAcknowledged_R30() {
        Smmu smmu = Smmu.on();
        for (int i = 0; i < 1 << Smmu.QUEUE_BITS; i++) {
            smmu.read(0x1000);
        }
        assertThat(EventqProd.ovflg(producer(smmu))).isZero();
        smmu.read(0x1000);
        assertThat(EventqProd.ovflg(producer(smmu))).isEqualTo(1);
        smmu.read(0x1000);
        assertThat(EventqProd.ovflg(producer(smmu))).isEqualTo(1);
        assertThat(smmu.counter("event.lost")).isEqualTo(2);
        assertThat(smmu.registers.read32(Gerror.ADDRESS)).isZero();

        smmu.events();
        int consumer = smmu.registers.read32(EventqCons.ADDRESS);
        smmu.registers.write32(EventqCons.ADDRESS, consumer | (int) EventqCons.OVACKFLG_MASK);
        for (int i = 0; i <= 1 << Smmu.QUEUE_BITS; i++) {
            smmu.read(0x1000);
        }
        assertThat(EventqProd.ovflg(producer(smmu))).isZero();
        assertThat(EventqProd.wr(producer(smmu))).isZero();
        assertThat(smmu.counter("event.C_BAD_STE")).isEqualTo(2 << Smmu.QUEUE_BITS);
    }

    @Test
    void anAbortedRecordBlocksFurtherOnesUntilAcknowledged_R31() {
        Smmu smmu = Smmu.reset();
        smmu.enable();
        smmu.registers.write32(Cr0.ADDRESS, 0);
        smmu.registers.write64(EventqBase.ADDRESS, Smmu.HOLE | 4);
        smmu.registers.write32(Cr0.ADDRESS, ALL);
        smmu.read(0x1000);
        assertThat(smmu.registers.read32(Gerror.ADDRESS)).isEqualTo((int) Gerror.EVENTQ_ABT_MASK);
        assertThat(producer(smmu)).isZero();
        assertThat(smmu.interrupts).containsExactly("gerror");

        smmu.registers.write32(Cr0.ADDRESS, (int) (Cr0.CMDQEN_MASK | Cr0.SMMUEN_MASK));
        smmu.registers.write64(EventqBase.ADDRESS, Smmu.EVENTS | Smmu.QUEUE_BITS);
        smmu.registers.write32(Cr0.ADDRESS, ALL);
        smmu.read(0x1000);
        assertThat(producer(smmu)).isZero();
        smmu.registers.write32(Gerrorn.ADDRESS, (int) Gerror.EVENTQ_ABT_MASK);
        smmu.read(0x1000);
        assertThat(producer(smmu)).isEqualTo(1);
    }

    @Test
    void disabledQueueDiscardsWithoutOverflow_R31() {
        Smmu smmu = Smmu.on();
        smmu.registers.write32(Cr0.ADDRESS, (int) Cr0.SMMUEN_MASK);
        assertThat(smmu.read(0x1000)).isEqualTo(Dma.ABORT);
        assertThat(producer(smmu)).isZero();
        assertThat(smmu.counter("event.lost")).isEqualTo(1);
    }

    @Test
    void interruptOnlyWhenTheQueueWasEmpty_R32() {
        Smmu smmu = Smmu.on();
        smmu.read(0x1000);
        smmu.read(0x1000);
        assertThat(smmu.interrupts).containsExactly("eventq");
        smmu.events();
        smmu.read(0x1000);
        assertThat(smmu.interrupts).containsExactly("eventq", "eventq");
        smmu.registers.write32(IrqCtrl.ADDRESS, 0);
        smmu.events();
        smmu.read(0x1000);
        assertThat(smmu.interrupts).hasSize(2);
    }

    @Test
    void interruptWithAnAddressIsAMessage_R32() {
        Smmu smmu = Smmu.on();
        smmu.registers.write32(IrqCtrl.ADDRESS, 0);
        smmu.registers.write64(EventqIrqCfg0.ADDRESS, 0x9000_0000L);
        smmu.registers.write32(EventqIrqCfg1.ADDRESS, 77);
        smmu.registers.write32(IrqCtrl.ADDRESS, (int) IrqCtrl.EVENTQ_MASK);
        smmu.read(0x1000);
        assertThat(smmu.memory.read32(0x9000_0000L)).isEqualTo(77);
        assertThat(smmu.interrupts).isEmpty();
    }

    @Test
    void abortedMessageIsAGlobalError() {
        Smmu smmu = Smmu.on();
        smmu.registers.write32(IrqCtrl.ADDRESS, 0);
        smmu.registers.write64(EventqIrqCfg0.ADDRESS, Smmu.HOLE);
        smmu.registers.write32(IrqCtrl.ADDRESS, (int) IrqCtrl.EVENTQ_MASK);
        smmu.read(0x1000);
        assertThat(smmu.registers.read32(Gerror.ADDRESS)).isEqualTo((int) Gerror.MSI_EVENTQ_MASK);
    }

    @Test
    void translateLeavesNoTrace() {
        Smmu smmu = Smmu.translating();
        smmu.map(Smmu.ROOT, 0x1000, 0x9800_0000L, Tables.RW);
        smmu.translate(Dma.NO_PASID, 0x1000, 0);
        smmu.translate(Dma.NO_PASID, 0x7000, 0);
        smmu.model.translate(1, Dma.NO_PASID, 0x7000, 0);
        assertThat(smmu.events()).isEmpty();
        assertThat(smmu.counter("ste.fetch") + smmu.counter("walk") + smmu.counter("transaction"))
                .isZero();
        smmu.read(0x1000);
        assertThat(smmu.counter("tlb.hit")).isZero();
        assertThat(smmu.counter("config.hit")).isZero();
    }
}
