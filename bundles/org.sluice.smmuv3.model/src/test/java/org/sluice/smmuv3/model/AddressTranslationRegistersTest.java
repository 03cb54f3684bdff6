package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.GatosAddr;
import org.sluice.smmuv3.arch.GatosCtrl;
import org.sluice.smmuv3.arch.GatosPar;
import org.sluice.smmuv3.arch.GatosSid;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;
import org.sluice.vmsa.arch.Stage1Leaf;

/** GATOS: what software is told that a transaction would meet. */
class AddressTranslationRegistersTest {
    private static final long PAGE = 0x9400_0000L;
    private static final long READ = GatosAddr.RNW_MASK;
    private static final long VA_TO_IPA = 1;
    private static final long IPA_TO_PA = 2;
    private static final long VA_TO_PA = 3;

    private static long ask(Smmu smmu, long type, long address, long flags) {
        return ask(smmu, Smmu.SID, type, address, flags);
    }

    private static long ask(Smmu smmu, long sid, long type, long address, long flags) {
        smmu.registers.write64(GatosSid.ADDRESS, sid);
        smmu.registers.write64(GatosAddr.ADDRESS, GatosAddr.withType(address | flags, type));
        smmu.registers.write32(GatosCtrl.ADDRESS, (int) GatosCtrl.RUN_MASK);
        assertThat(smmu.registers.read32(GatosCtrl.ADDRESS)).isZero();
        return smmu.registers.read64(GatosPar.ADDRESS);
    }

    private static Smmu stage1() {
        Smmu smmu = Smmu.translating("idr0.ATOS", 1);
        smmu.cd(0, Smmu.cdWord0(1), Smmu.ROOT, 0, 0xff);
        smmu.map(Smmu.ROOT, 0x1000, PAGE, Stage1Leaf.withSh(Tables.RW, 3) | Stage1Leaf.AP_RDONLY_MASK);
        return smmu;
    }

    private static void isFault(long par, long code) {
        assertThat(GatosPar.fault(par)).isEqualTo(1);
        assertThat(GatosPar.faultcode(par)).isEqualTo(code);
    }

    @ParameterizedTest
    @CsvSource({"1", "3"})
    void anAddressIsTranslatedWithItsAttributes(long type) {
        long par = ask(stage1(), type, 0x1000, READ);
        assertThat(GatosPar.fault(par)).isZero();
        assertThat(GatosPar.addr(par)).isEqualTo(PAGE);
        assertThat(GatosPar.attr(par)).isEqualTo(0xff);
        assertThat(GatosPar.sh(par)).isEqualTo(3);
        assertThat(GatosPar.size(par)).isZero();
    }

    @Test
    void theLowestBitOfALargeLeafTellsItsSize() {
        Smmu smmu = stage1();
        Tables.map(smmu, Smmu.ROOT, 12, 48, 0x4000_0000L, 2, PAGE | Tables.RW | 1);
        long par = ask(smmu, VA_TO_PA, 0x4001_2000L, READ);
        assertThat(GatosPar.size(par)).isEqualTo(1);
        assertThat(GatosPar.addr(par)).isEqualTo(PAGE | 1 << 20);
    }

    @Test
    void aFaultHasTheNumberOfItsEventButIsNoEvent() {
        Smmu smmu = stage1();
        isFault(ask(smmu, VA_TO_PA, 0x5000, READ), EventId.F_TRANSLATION);
        isFault(ask(smmu, VA_TO_PA, 0x1000, 0), EventId.F_PERMISSION);
        isFault(ask(smmu, VA_TO_IPA, 0x1000, 0), EventId.F_PERMISSION);
        isFault(ask(smmu, 0x43, VA_TO_PA, 0x1000, READ), EventId.C_BAD_STE);
        isFault(ask(smmu, 0xfff, VA_TO_PA, 0x1000, READ), EventId.C_BAD_STREAMID);
        isFault(ask(smmu, GatosSid.withSsidValid(Smmu.SID, 1), VA_TO_PA, 0, READ), EventId.C_BAD_SUBSTREAMID);
        assertThat(smmu.events()).isEmpty();
    }

    @Test
    void requestsThatCannotBeAre() {
        Smmu smmu = stage1();
        isFault(ask(smmu, 0, 0x1000, READ), GatosPar.FAULTCODE_INV_REQ);
        isFault(ask(smmu, IPA_TO_PA, 0x1000, READ), GatosPar.FAULTCODE_INV_STAGE);
        smmu.ste(7, StreamTableEntry.withConfig(1, StreamTableEntry.CONFIG_BYPASS));
        isFault(ask(smmu, 7, VA_TO_PA, 0x1000, READ), GatosPar.FAULTCODE_INV_STAGE);
        isFault(ask(Smmu.reset("idr0.ATOS", 1), VA_TO_PA, 0x1000, READ), GatosPar.FAULTCODE_INTERNAL_ERR);
    }

    private static Smmu nested() {
        Smmu smmu = Smmu.on("idr0.ATOS", 1).stage2(StreamTableEntry.CONFIG_NESTED, 7);
        smmu.identity2(2);
        smmu.cd(0, Smmu.cdWord0(1), Smmu.ROOT, 0, 0x44);
        smmu.map(Smmu.ROOT, 0x1000, 0x1_0000_0000L, Tables.RW);
        smmu.map(Smmu.ROOT, 0x2000, 0x1_0000_5000L, Tables.RW);
        smmu.map2(0x1_0000_0000L, PAGE, Tables.S2_RW);
        return smmu;
    }

    @Test
    void eachStageCanBeAskedAlone() {
        Smmu smmu = nested();
        assertThat(GatosPar.addr(ask(smmu, VA_TO_IPA, 0x1000, READ))).isEqualTo(0x1_0000_0000L);
        assertThat(GatosPar.addr(ask(smmu, IPA_TO_PA, 0x1_0000_0000L, READ))).isEqualTo(PAGE);
        long both = ask(smmu, VA_TO_PA, 0x1000, READ);
        assertThat(GatosPar.addr(both)).isEqualTo(PAGE);
        assertThat(GatosPar.attr(both)).isEqualTo(0x44);
    }

    @Test
    void aFaultOfStage2TellsItsReasonAndTheIpa_R27() {
        Smmu smmu = nested();
        long par = ask(smmu, VA_TO_PA, 0x2000, READ);
        isFault(par, EventId.F_TRANSLATION);
        assertThat(GatosPar.reason(par)).isEqualTo(GatosPar.REASON_IN);
        assertThat(par & GatosPar.FADDR_MASK).isEqualTo(0x1_0000_5000L);
        smmu.memory.write64(Smmu.ROOT, 0x2_0000_0003L);
        smmu.command(0x30, 0);
        par = ask(smmu, VA_TO_PA, 0x1000, READ);
        assertThat(GatosPar.reason(par)).isEqualTo(GatosPar.REASON_TT);
        smmu = nested();
        smmu.ste(
                Smmu.SID,
                StreamTableEntry.withS1ContextPtr(
                        StreamTableEntry.withConfig(Smmu.stage1Word0(0), StreamTableEntry.CONFIG_NESTED),
                        0x3_0000_0000L),
                0,
                Smmu.stage2Word2(7),
                Smmu.ROOT2);
        assertThat(GatosPar.reason(ask(smmu, VA_TO_PA, 0x1000, READ))).isEqualTo(GatosPar.REASON_CD);
    }

    @Test
    void theyAgreeWithWhatATransactionMeets() {
        Smmu smmu = stage1();
        for (long page = 0; page < 8; page++) {
            boolean reached = smmu.read(page * 4096) == Dma.OK;
            assertThat(GatosPar.fault(ask(smmu, VA_TO_PA, page * 4096, READ)) == 0)
                    .isEqualTo(reached);
        }
    }

    @Test
    void withoutAtosTheyDoNotExist_R51() {
        Smmu smmu = Smmu.translating();
        smmu.map(Smmu.ROOT, 0x1000, PAGE, Tables.RW);
        assertThat(ask(smmu, VA_TO_PA, 0x1000, READ)).isZero();
        assertThat(smmu.registers.read64(GatosSid.ADDRESS)).isZero();
    }
}
