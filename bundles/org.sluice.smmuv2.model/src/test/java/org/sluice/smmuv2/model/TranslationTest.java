package org.sluice.smmuv2.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.sluice.smmuv2.arch.Ats1PrivilegedRead;
import org.sluice.smmuv2.arch.Ats1UnprivilegedWrite;
import org.sluice.smmuv2.arch.ContextBankAttribute;
import org.sluice.smmuv2.arch.FaultAddress;
import org.sluice.smmuv2.arch.FaultStatus;
import org.sluice.smmuv2.arch.FaultSyndrome0;
import org.sluice.smmuv2.arch.IpaFaultAddress;
import org.sluice.smmuv2.arch.PhysicalAddress;
import org.sluice.smmuv2.arch.StreamToContext;
import org.sluice.smmuv2.arch.SystemControl;
import org.sluice.smmuv2.arch.TranslationControl;
import org.sluice.smmuv2.arch.TranslationControl2;
import org.sluice.smmuv2.arch.TranslationTableBase1;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Translation;

/** Walks of both stages and what they end in; leaves are those of the golden table in linux-iommu.md section 2.1. */
class TranslationTest {
    private static final long IOVA = 0x1234_5000L;
    private static final long PAGE = 0x8123_4000L;

    private final Smmu smmu = new Smmu().enable();
    private final long root = smmu.table();

    private void stage1() {
        smmu.stream(0, Smmu.SID, 5).stage1(5, 6, root);
    }

    @Test
    void stage1TranslatesPagesAndBlocks() {
        stage1();
        smmu.map(root, IOVA, PAGE | Smmu.RW);
        smmu.memory.write32(PAGE + 0x678, 0x1122_3344);
        assertThat(smmu.word(Smmu.SID, IOVA + 0x678)).isEqualTo(0x1122_3344);
        // a 2 MiB block beside it
        long level2 = smmu.memory.read64(root) & 0xffff_ffff_f000L;
        smmu.memory.write64(level2 + (IOVA >>> 21) * 8 + 8, 0x0060_0000_8120_0f45L);
        assertThat(smmu.model.translate(Smmu.SID, Dma.NO_PASID, 0x1243_4560L, 0))
                .isEqualTo(new Translation(Translation.Outcome.TRANSLATED, 0x8123_4560L, 1 << 21, ""));
    }

    @Test
    void theUpperHalfHasItsOwnTable() {
        stage1();
        long upper = smmu.table();
        long tcr = TranslationControl.withT0sz(TranslationControl.withT1sz(0, 64 - 39), 64 - 39);
        smmu.write(5, TranslationControl.OFFSET, TranslationControl.withTg1(tcr, 2));
        smmu.write64(5, TranslationTableBase1.OFFSET, upper);
        smmu.map(root, IOVA, PAGE | Smmu.RW);
        smmu.map(upper, IOVA, PAGE + 0x1000 | Smmu.RW);
        long high = IOVA | -1L << 39;
        assertThat(smmu.model.translate(Smmu.SID, Dma.NO_PASID, IOVA, 0).address())
                .isEqualTo(PAGE);
        assertThat(smmu.model.translate(Smmu.SID, Dma.NO_PASID, high, 0).address())
                .isEqualTo(PAGE + 0x1000);
        assertThat(smmu.model
                        .translate(Smmu.SID, Dma.NO_PASID, high & ~(1L << 40), 0)
                        .reason())
                .isEqualTo("TF");
    }

    @Test
    void aTranslationFaultFillsTheBanksRegisters() {
        stage1();
        assertThat(smmu.write(Smmu.SID, IOVA + 0x10, new byte[4])).isEqualTo(Dma.ABORT);
        assertThat(smmu.faultStatus(5)).isEqualTo(FaultStatus.TF_MASK);
        assertThat(smmu.read64(5, FaultAddress.OFFSET)).isEqualTo(IOVA + 0x10);
        long syndrome = smmu.read(5, FaultSyndrome0.OFFSET);
        assertThat(FaultSyndrome0.plvl(syndrome)).isOne();
        assertThat(FaultSyndrome0.wnr(syndrome)).isOne();
        assertThat(smmu.registers.read32(0x1000 + 0x400 + 4 * 5)).isEqualTo(Smmu.SID);
        assertThat(smmu.interrupts).containsExactly("context-5");
    }

    @Test
    void permissionsAndTheAccessFlagAreFaultsOfTheirOwn() {
        stage1();
        smmu.map(root, IOVA, 0x0000_0000_0000_0fc7L | PAGE);
        smmu.map(root, IOVA + 0x1000, (Smmu.RW | PAGE) & ~(1L << 10));
        smmu.map(root, IOVA + 0x2000, Smmu.RW & ~(1L << 6) | PAGE);
        assertThat(smmu.write(Smmu.SID, IOVA, new byte[4])).isEqualTo(Dma.ABORT);
        assertThat(smmu.faultStatus(5)).isEqualTo(FaultStatus.PF_MASK);
        assertThat(FaultSyndrome0.plvl(smmu.read(5, FaultSyndrome0.OFFSET))).isEqualTo(3);
        smmu.clearFault(5);
        assertThat(smmu.word(Smmu.SID, IOVA + 0x1000)).isEqualTo(-1);
        assertThat(smmu.faultStatus(5)).isEqualTo(FaultStatus.AFF_MASK);
        smmu.clearFault(5);
        assertThat(smmu.word(Smmu.SID, IOVA + 0x2000)).as("privileged only").isEqualTo(-1);
        assertThat(smmu.faultStatus(5)).isEqualTo(FaultStatus.PF_MASK);
        smmu.clearFault(5);
        assertThat(smmu.model.transact(Smmu.SID, Dma.NO_PASID, IOVA + 0x2000, Dma.PRIVILEGED, new byte[4], 0, 4))
                .isEqualTo(Dma.OK);
    }

    @Test
    void anOutputBeyondPasizeIsAnAddressSizeFault() {
        stage1();
        smmu.write(5, TranslationControl2.OFFSET, TranslationControl2.withPaSize(0, 0));
        smmu.map(root, IOVA, PAGE | 1L << 36 | Smmu.RW);
        assertThat(smmu.word(Smmu.SID, IOVA)).isEqualTo(-1);
        assertThat(smmu.faultStatus(5)).isEqualTo(FaultStatus.ASF_MASK);
    }

    @Test
    void privcfgOfS2crOverridesWhatTheDeviceSays() {
        stage1();
        smmu.map(root, IOVA, Smmu.RW & ~(1L << 6) | PAGE);
        long route = StreamToContext.withPrivcfg(StreamToContext.withCbndx(0, 5), StreamToContext.PRIVCFG_PRIVILEGED);
        smmu.registers.write32(StreamToContext.OFFSET, (int) route);
        assertThat(smmu.word(Smmu.SID, IOVA)).isNotEqualTo(-1);
    }

    @Test
    void aTableOutsideMemoryIsAnExternalAbortOnTheWalk() {
        stage1();
        smmu.memory.write64(root, 0x2_0000_0003L);
        assertThat(smmu.word(Smmu.SID, IOVA)).isEqualTo(-1);
        assertThat(smmu.faultStatus(5)).isEqualTo(FaultStatus.EF_MASK);
        assertThat(FaultSyndrome0.ptwf(smmu.read(5, FaultSyndrome0.OFFSET))).isOne();
        assertThat(FaultSyndrome0.plvl(smmu.read(5, FaultSyndrome0.OFFSET))).isEqualTo(2);
    }

    @Test
    void stage2TranslatesAndNamesTheIntermediateAddress() {
        smmu.stream(0, Smmu.SID, 2).stage2(2, 3, root);
        smmu.map(root, IOVA, PAGE | Smmu.RW2);
        smmu.map(root, IOVA + 0x1000, PAGE | 0x77f);
        smmu.memory.write32(PAGE, 0x55);
        assertThat(smmu.word(Smmu.SID, IOVA)).isEqualTo(0x55);
        assertThat(smmu.write(Smmu.SID, IOVA + 0x1004, new byte[4]))
                .as("read-only")
                .isEqualTo(Dma.ABORT);
        assertThat(smmu.faultStatus(2)).isEqualTo(FaultStatus.PF_MASK);
        assertThat(smmu.read64(2, IpaFaultAddress.OFFSET)).isEqualTo(IOVA + 0x1004);
    }

    @Test
    void nestedBanksTranslateTablesAndOutputsThroughStage2() {
        long second = smmu.table();
        smmu.stream(0, Smmu.SID, 5).stage1(5, 6, root).stage2(1, 9, second);
        long cbar = ContextBankAttribute.withCbndx(
                ContextBankAttribute.withType(0, ContextBankAttribute.TYPE_STAGE1_STAGE2), 1);
        smmu.registers.write32(0x1000 + 4 * 5, (int) cbar);
        smmu.map(root, IOVA, 0x4000_0000L | Smmu.RW);
        assertThat(smmu.word(Smmu.SID, IOVA)).as("the root is no IPA").isEqualTo(-1);
        assertThat(smmu.faultStatus(5)).as("stage 1 is told nothing of it").isZero();
        assertThat(FaultSyndrome0.ptwf(smmu.read(1, FaultSyndrome0.OFFSET))).isOne();
        assertThat(FaultSyndrome0.s1cbndx(smmu.read(1, FaultSyndrome0.OFFSET))).isEqualTo(5);
        assertThat(smmu.read64(1, IpaFaultAddress.OFFSET)).isEqualTo(root);
        assertThat(smmu.word(Smmu.SID, IOVA)).as("kept out by it").isEqualTo(-1);
        smmu.clearFault(1);
        for (long table = root; table < root + 0x8000; table += 0x1000) {
            smmu.map(second, table, table | Smmu.RW2);
        }
        smmu.map(second, 0x4000_0000L, PAGE | Smmu.RW2);
        smmu.memory.write32(PAGE + 8, 0x99);
        assertThat(smmu.word(Smmu.SID, IOVA + 8)).isEqualTo(0x99);
        smmu.write(5, SystemControl.OFFSET, 0);
        assertThat(smmu.word(Smmu.SID, 0x4000_0008L))
                .as("stage 1 is off, stage 2 is not")
                .isEqualTo(0x99);
        assertThat(smmu.word(Smmu.SID, PAGE + 8)).isEqualTo(-1);
    }

    @Test
    void aBankThatIsOffPasses() {
        stage1();
        smmu.write(5, SystemControl.OFFSET, 0);
        smmu.memory.write32(PAGE, 0x77);
        assertThat(smmu.word(Smmu.SID, PAGE)).isEqualTo(0x77);
    }

    @Test
    void theHardwareWalkAnswersInPar() {
        stage1();
        smmu.map(root, IOVA, 0x0000_0000_0000_0fc7L | PAGE);
        smmu.write64(5, Ats1PrivilegedRead.OFFSET, IOVA | 0xabc);
        long par = smmu.read64(5, PhysicalAddress.OFFSET);
        assertThat(PhysicalAddress.f(par)).isZero();
        assertThat(par & PhysicalAddress.PA_MASK).isEqualTo(PAGE);
        smmu.write64(5, Ats1UnprivilegedWrite.OFFSET, IOVA);
        assertThat(smmu.read64(5, PhysicalAddress.OFFSET)).isEqualTo(PhysicalAddress.F_MASK | PhysicalAddress.PF_MASK);
        assertThat(smmu.faultStatus(5)).as("no fault of the bank").isZero();
    }
}
