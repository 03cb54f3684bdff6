package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.CmdAtcInv;
import org.sluice.smmuv3.arch.CmdCfgiSte;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.CmdqBase;
import org.sluice.smmuv3.arch.CmdqCons;
import org.sluice.smmuv3.arch.CmdqProd;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr0Ack;
import org.sluice.smmuv3.arch.Cr2;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.EventqBase;
import org.sluice.smmuv3.arch.EventqCons;
import org.sluice.smmuv3.arch.EventqProd;
import org.sluice.smmuv3.arch.EvtFTranslation;
import org.sluice.smmuv3.arch.Gerror;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.IrqCtrl;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.smmuv3.arch.SIdr0;
import org.sluice.smmuv3.arch.SIdr1;
import org.sluice.smmuv3.arch.SInit;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.smmuv3.arch.StrtabBase;
import org.sluice.smmuv3.arch.StrtabBaseCfg;
import org.sluice.spi.board.AtsEndpoint;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.Translation;

/** Two programming interfaces, each with its own streams. */
class SecureInterfaceRulesTest {
    private static final long STREAMS = 0x8900_0000L;
    private static final long COMMANDS = 0x8910_0000L;
    private static final long EVENTS = 0x8920_0000L;
    private static final long CONTEXTS = 0x8930_0000L;
    private static final long ROOT = 0x8940_0000L;
    private static final long PAGE = 0x9800_0000L;
    private static final long SECURE_PAGE = 0x9900_0000L;
    private static final long IA = 0x1000;
    private static final int BITS = 6;
    private static final int BANK = 0x8000;
    private static final int ON = (int) (Cr0.SMMUEN_MASK | Cr0.CMDQEN_MASK | Cr0.EVENTQEN_MASK);
    private static final long SSEC = CmdCfgiSte.SSEC_MASK;

    private final Smmu smmu;

    SecureInterfaceRulesTest() {
        smmu = Smmu.translating("secure", true);
        smmu.map(Smmu.ROOT, IA, PAGE, Tables.RW);
        write64(StrtabBase.ADDRESS, STREAMS);
        write32(StrtabBaseCfg.ADDRESS, 8);
        write64(CmdqBase.ADDRESS, COMMANDS | BITS);
        write64(EventqBase.ADDRESS, EVENTS | BITS);
        write32(Cr2.ADDRESS, (int) Cr2.RECINVSID_MASK);
        write32(IrqCtrl.ADDRESS, -1);
        write32(Cr0.ADDRESS, ON);
        stream(StreamTableEntry.withS1ContextPtr(Smmu.stage1Word0(0), CONTEXTS));
        smmu.write(CONTEXTS, Smmu.cdWord0(1), ROOT);
        smmu.map(ROOT, IA, SECURE_PAGE, Tables.RW);
    }

    private void stream(long word0, long... more) {
        long at = STREAMS + (long) Smmu.SID * StreamTableEntry.BYTES;
        smmu.write(at + 8, more);
        smmu.write(at, word0);
    }

    private void write32(int register, int value) {
        smmu.registers.write32(BANK + register, value);
    }

    private void write64(int register, long value) {
        smmu.registers.write64(BANK + register, value);
    }

    private int read32(int register) {
        return smmu.registers.read32(BANK + register);
    }

    private long translate(int world) {
        Translation translation = smmu.translate(Dma.NO_PASID, IA, world);
        return translation.outcome() == Translation.Outcome.TRANSLATED ? translation.address() : -1;
    }

    private int read(int world) {
        return smmu.read(Dma.NO_PASID, IA, new byte[4], world);
    }

    private int read(int sid, int world) {
        return smmu.model.transact(sid, Dma.NO_PASID, IA, world, new byte[4], 0, 4);
    }

    private void command(long word0, long word1) {
        int producer = read32(CmdqProd.ADDRESS);
        smmu.write(COMMANDS + (long) (producer & (1 << BITS) - 1) * CmdSync.BYTES, word0, word1);
        write32(CmdqProd.ADDRESS, producer + 1 & (2 << BITS) - 1);
    }

    private long commandError() {
        boolean active = ((read32(Gerror.ADDRESS) ^ read32(0x64)) & Gerror.CMDQ_MASK) != 0;
        return active ? CmdqCons.err(read32(CmdqCons.ADDRESS)) : CmdqCons.ERR_NONE;
    }

    // the pointers of the Secure event queue are on page 0
    private List<long[]> events() {
        List<long[]> events = new ArrayList<>();
        int producer = read32(EventqProd.OFFSET);
        for (int consumer = read32(EventqCons.OFFSET); consumer != producer; consumer++) {
            long at = EVENTS + (long) consumer * EvtFTranslation.BYTES;
            events.add(new long[] {smmu.memory.read64(at), smmu.memory.read64(at + 8), smmu.memory.read64(at + 16)});
        }
        write32(EventqCons.OFFSET, producer);
        return events;
    }

    private List<String> eventNames() {
        return events().stream()
                .map(event -> EventId.name((int) EvtFTranslation.eventID(event[0])))
                .toList();
    }

    @Test
    void theIdRegistersTellOfIt() {
        assertThat(SIdr1.secureImpl(read32(0x04))).isEqualTo(1);
        assertThat(SIdr1.sSidsize(read32(0x04))).isEqualTo(16);
        assertThat(SIdr1.sel2(read32(0x04))).isZero();
        assertThat(SIdr0.msi(read32(0))).isEqualTo(1);
        assertThat(SIdr0.stallModel(read32(0))).isEqualTo(Idr0.STALL_MODEL_TERMINATE_ONLY);
        assertThat(read32(0x0c)).isZero();
        Smmu without = Smmu.on();
        for (int offset = 0; offset < 0x1000; offset += 8) {
            without.registers.write64(BANK + offset, -1);
            assertThat(without.registers.read64(BANK + offset)).isZero();
        }
    }

    @Test
    void eachWorldHasItsOwnStreams() {
        assertThat(translate(0)).isEqualTo(PAGE);
        assertThat(translate(IommuModel.SECURE)).isEqualTo(SECURE_PAGE);
        assertThat(read(0)).isEqualTo(Dma.OK);
        assertThat(read(IommuModel.SECURE)).isEqualTo(Dma.OK);
        // neither is served with what the other has cached
        assertThat(translate(0)).isEqualTo(PAGE);
        assertThat(translate(IommuModel.SECURE)).isEqualTo(SECURE_PAGE);
        assertThat(smmu.counter("transaction")).isEqualTo(1);
        assertThat(smmu.counter("s.transaction")).isEqualTo(1);
    }

    @Test
    void eachWorldIsToldOfItsOwnFaults() {
        smmu.model.transact(Smmu.SID, Dma.NO_PASID, 0x7000, IommuModel.SECURE, new byte[4], 0, 4);
        assertThat(smmu.events()).isEmpty();
        long[] event = events().get(0);
        assertThat(event[0]).isEqualTo((long) Smmu.SID << 32 | EventId.F_TRANSLATION);
        assertThat(event[2]).isEqualTo(0x7000);
        assertThat(smmu.interrupts).containsExactly("s-eventq");
        // StreamIDs are counted apart
        read(0x1_0000, IommuModel.SECURE);
        assertThat(eventNames()).containsExactly("C_BAD_STREAMID");
        smmu.read(0x7000);
        assertThat(events()).isEmpty();
        assertThat(smmu.eventNames()).containsExactly("F_TRANSLATION");
    }

    @ParameterizedTest
    @ValueSource(longs = {StreamTableEntry.CONFIG_S2_TRANSLATE, StreamTableEntry.CONFIG_NESTED})
    void aSecureStreamHasNoStage2(long config) {
        stream(StreamTableEntry.withConfig(Smmu.stage1Word0(0), config), 0, Smmu.stage2Word2(1), Smmu.ROOT2);
        assertThat(read(IommuModel.SECURE)).isEqualTo(Dma.ABORT);
        assertThat(eventNames()).containsExactly("C_BAD_STE");
    }

    @Test
    void theSecureInterfaceIsSwitchedAloneAndHasNeitherPriNorAts_R45() {
        write32(Cr0.ADDRESS, -1);
        assertThat(read32(Cr0.ADDRESS)).isEqualTo(ON);
        assertThat(read32(Cr0Ack.ADDRESS)).isEqualTo(ON);
        write32(Cr0.ADDRESS, 0);
        assertThat(read32(Cr0Ack.ADDRESS)).isZero();
        assertThat(smmu.translate(Dma.NO_PASID, IA, IommuModel.SECURE).outcome())
                .isEqualTo(Translation.Outcome.BYPASSED);
        assertThat(translate(0)).isEqualTo(PAGE);
        // guarded by its own enable
        write64(StrtabBase.ADDRESS, 0x8a00_0000L);
        assertThat(smmu.registers.read64(BANK + StrtabBase.ADDRESS)).isEqualTo(0x8a00_0000L);
        assertThat(smmu.registers.read64(StrtabBase.ADDRESS)).isEqualTo(Smmu.STREAMS);
    }

    /** Fills both worlds' caches, and then moves what they cached. */
    private void makeStale() {
        read(0);
        read(IommuModel.SECURE);
        smmu.map(Smmu.ROOT, IA, PAGE + 0x1000, Tables.RW);
        smmu.map(ROOT, IA, SECURE_PAGE + 0x1000, Tables.RW);
        assertThat(translate(0)).isEqualTo(PAGE);
        assertThat(translate(IommuModel.SECURE)).isEqualTo(SECURE_PAGE);
    }

    @ParameterizedTest
    @CsvSource({
        // from the Secure queue; does the world that is not Secure lose its entries, does the Secure one
        "0x10, false, true", // NH_ALL
        "0x12, false, true", // NH_VA
        "0x30, true, false", // NSNH_ALL
        "0x28, true, false", // S12_VMALL
        "0x18, false, false", // EL3_ALL
    })
    void aTlbInvalidationOfTheSecureQueueReachesItsWorld(long opcode, boolean other, boolean secure) {
        makeStale();
        command(opcode | 1L << 48, IA);
        command(CmdSync.OPCODE_VALUE, 0);
        assertThat(commandError()).isZero();
        assertThat(translate(0) != PAGE).isEqualTo(other);
        assertThat(translate(IommuModel.SECURE) != SECURE_PAGE).isEqualTo(secure);
    }

    @Test
    void anInvalidationOfTheOtherQueueDoesNotReachTheSecureWorld() {
        makeStale();
        smmu.command(Opcode.TLBI_NSNH_ALL, 0);
        smmu.command(Opcode.CFGI_STE_RANGE_CFGI_ALL, 31);
        assertThat(translate(0)).isEqualTo(PAGE + 0x1000);
        assertThat(translate(IommuModel.SECURE)).isEqualTo(SECURE_PAGE);
    }

    @ParameterizedTest
    @CsvSource({"true, false", "false, true"})
    void ssecOfACommandOfTheSecureQueueChoosesTheStream_R35(boolean ssec, boolean other) {
        read(0);
        read(IommuModel.SECURE);
        smmu.ste(Smmu.SID, 1);
        stream(1);
        command(Opcode.CFGI_STE | (ssec ? SSEC : 0) | (long) Smmu.SID << 32, 1);
        assertThat(commandError()).isZero();
        assertThat(read(0) == Dma.ABORT).isEqualTo(other);
        assertThat(read(IommuModel.SECURE) == Dma.ABORT).isEqualTo(!other);
    }

    @ParameterizedTest
    @ValueSource(longs = {0x50, 0x51, 0x52, 0x53, 0x58, 0x5a, 0x60, 0x44, 0x7f})
    void commandsOfWhatTheSecureWorldLacksAreIllegal_R35(long opcode) {
        command(opcode | SSEC, 0);
        assertThat(commandError()).isEqualTo(CmdqCons.ERR_ILL);
        // of its own queue alone
        assertThat(smmu.commandError()).isZero();
        assertThat(smmu.interrupts).containsExactly("s-gerror");
    }

    @ParameterizedTest
    @ValueSource(longs = {0x60, 0x18, 0x50, Opcode.CFGI_STE | SSEC})
    void theOtherQueueDoesNotCarryCommandsOfTheSecureWorld_R35(long word0) {
        smmu.command(word0, 0);
        assertThat(smmu.commandError()).isEqualTo(CmdqCons.ERR_ILL);
        assertThat(commandError()).isZero();
    }

    @Test
    void aSyncSignalsByItsOwnLineOrMsi_R36() {
        command(CmdSync.OPCODE_VALUE | CmdSync.CS_IRQ << CmdSync.CS_LSB, 0);
        assertThat(smmu.interrupts).containsExactly("s-cmdq-sync");
        long word0 = CmdSync.withMsiData(CmdSync.OPCODE_VALUE | CmdSync.CS_IRQ << CmdSync.CS_LSB, 0x55);
        command(word0, CmdSync.withMsiAddress(0, SECURE_PAGE));
        assertThat(smmu.memory.read32(SECURE_PAGE)).isEqualTo(0x55);
    }

    @Test
    void anInvalidationOfADeviceTlbGoesToTheOtherWorldsEndpoint() {
        List<Long> spans = new ArrayList<>();
        smmu.model.ats().orElseThrow().connect(Smmu.SID, new AtsEndpoint() {
            @Override
            public boolean invalidate(int substreamId, boolean global, long address, int log2bytes) {
                spans.add(address);
                return false;
            }

            @Override
            public void respond(int substreamId, int group, Response response) {}
        });
        command(CmdAtcInv.withStreamID(CmdAtcInv.OPCODE_VALUE, Smmu.SID), IA);
        assertThat(spans).containsExactly(IA);
        // its time-out is the business of the queue that asked
        smmu.sync();
        assertThat(smmu.commandError()).isZero();
        command(CmdSync.OPCODE_VALUE, 0);
        assertThat(commandError()).isEqualTo(CmdqCons.ERR_ATC_INV_SYNC);
    }

    @Test
    void initInvalidatesBothWorldsWhileNeitherTranslates() {
        makeStale();
        smmu.registers.write32(SInit.ADDRESS, 1);
        assertThat(translate(0)).isEqualTo(PAGE);
        smmu.registers.write32(Cr0.ADDRESS, 0);
        smmu.registers.write32(SInit.ADDRESS, 1);
        smmu.registers.write32(Cr0.ADDRESS, ON);
        assertThat(translate(0)).isEqualTo(PAGE);
        smmu.registers.write32(Cr0.ADDRESS, 0);
        write32(Cr0.ADDRESS, 0);
        smmu.registers.write32(SInit.ADDRESS, 1);
        assertThat(smmu.registers.read32(SInit.ADDRESS)).isZero();
        smmu.registers.write32(Cr0.ADDRESS, ON);
        write32(Cr0.ADDRESS, ON);
        assertThat(translate(0)).isEqualTo(PAGE + 0x1000);
        assertThat(translate(IommuModel.SECURE)).isEqualTo(SECURE_PAGE + 0x1000);
    }

    @Test
    void whatItNeedsIsCheckedAndWhatItLacksIsRejected() {
        assertThatThrownBy(() -> Smmu.reset("secure", true, "idr0.STALL_MODEL", 0))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("secure")
                .hasMessageContaining("NSSTALLD");
        assertThatThrownBy(() -> Smmu.reset("secure", "yes"))
                .isInstanceOf(IommuException.class)
                .hasMessageContaining("secure");
        // a Secure transaction where there is no Secure interface is one like any other
        Smmu without = Smmu.translating();
        without.map(Smmu.ROOT, IA, PAGE, Tables.RW);
        assertThat(without.read(Dma.NO_PASID, IA, new byte[4], IommuModel.SECURE))
                .isEqualTo(Dma.OK);
    }
}
