package org.sluice.smmuv3.model;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.sluice.smmuv3.arch.CmdAtcInv;
import org.sluice.smmuv3.arch.CmdPriResp;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr2;
import org.sluice.smmuv3.arch.IrqCtrl;
import org.sluice.smmuv3.arch.PageRequest;
import org.sluice.smmuv3.arch.PriqBase;
import org.sluice.smmuv3.arch.PriqCons;
import org.sluice.smmuv3.arch.PriqProd;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.AtsCompletion;
import org.sluice.spi.board.AtsEndpoint;
import org.sluice.spi.board.AtsModel;
import org.sluice.spi.board.Dma;
import org.sluice.spi.memory.PhysicalMemory;

/** A model with ATS and PRI on, and an endpoint that writes down what it is told. */
final class AtsBench implements AtsEndpoint {
    static final long PAGE_REQUESTS = 0x8830_0000L;
    static final int PRIQ_BITS = 2;
    static final long ON = Cr0.CMDQEN_MASK | Cr0.EVENTQEN_MASK | Cr0.SMMUEN_MASK | Cr0.ATSCHK_MASK | Cr0.PRIQEN_MASK;

    record Invalidation(int substreamId, boolean global, long address, int log2bytes) {}

    record Answer(int substreamId, int group, Response response) {}

    final Smmu smmu;
    final AtsModel ats;
    final List<Invalidation> invalidations = new ArrayList<>();
    final List<Answer> answers = new ArrayList<>();
    boolean answering = true;

    AtsBench(Object... properties) {
        this(UnaryOperator.identity(), properties);
    }

    AtsBench(UnaryOperator<PhysicalMemory> wrapping, Object... properties) {
        smmu = Smmu.reset(wrapping, properties);
        ats = smmu.model.ats().orElseThrow();
        ats.connect(Smmu.SID, this);
        smmu.registers.write64(PriqBase.ADDRESS, PAGE_REQUESTS | PRIQ_BITS);
        smmu.enable();
        smmu.registers.write32(Cr0.ADDRESS, 0);
        control(Cr2.RECINVSID_MASK | Cr2.REC_CFG_ATS_MASK);
        smmu.registers.write32(IrqCtrl.ADDRESS, (int) (IrqCtrl.EVENTQ_MASK | IrqCtrl.GERROR_MASK | IrqCtrl.PRIQ_MASK));
    }

    /** Writes CR2 while the SMMU is off, and switches everything on. */
    AtsBench control(long cr2) {
        smmu.registers.write32(Cr0.ADDRESS, 0);
        smmu.registers.write32(Cr2.ADDRESS, (int) cr2);
        return enable(ON);
    }

    AtsBench enable(long cr0) {
        smmu.registers.write32(Cr0.ADDRESS, (int) cr0);
        return this;
    }

    /** A stage-1 stream, with as many substreams as bits. */
    AtsBench stage1(long eats, int substreamBits, long s1dss) {
        long word1 = StreamTableEntry.withEats(StreamTableEntry.withS1dss(0, s1dss), eats);
        smmu.ste(Smmu.SID, Smmu.stage1Word0(substreamBits), word1);
        return this;
    }

    /** Both stages; stage 2 maps what tables and CDs need one to one. */
    AtsBench nested(long eats) {
        long word0 = StreamTableEntry.withConfig(Smmu.stage1Word0(0), StreamTableEntry.CONFIG_NESTED);
        smmu.ste(Smmu.SID, word0, StreamTableEntry.withEats(0, eats), Smmu.stage2Word2(7), Smmu.ROOT2);
        return this;
    }

    AtsCompletion request(int substreamId, long address, int flags) {
        return ats.requestTranslation(Smmu.SID, substreamId, address, flags);
    }

    AtsCompletion request(long address, int flags) {
        return request(Dma.NO_PASID, address, flags);
    }

    int translated(long address, int flags) {
        return ats.transactTranslated(Smmu.SID, address, flags, new byte[4], 0, 4);
    }

    void invalidate(long word0, long word1) {
        smmu.command(CmdAtcInv.withStreamID(word0 | CmdAtcInv.OPCODE_VALUE, Smmu.SID), word1);
    }

    void respond(long word0, int group, long response) {
        long word1 = CmdPriResp.withPrgIndex(0, group) | response << CmdPriResp.RESP_LSB;
        smmu.command(CmdPriResp.withStreamID(word0 | CmdPriResp.OPCODE_VALUE, Smmu.SID), word1);
    }

    /** Takes all page requests out of the queue, without acknowledging an overflow. */
    List<long[]> pageRequests() {
        List<long[]> records = new ArrayList<>();
        int consumer = smmu.registers.read32(PriqCons.ADDRESS);
        int producer = smmu.registers.read32(PriqProd.ADDRESS);
        while (((consumer ^ producer) & (2 << PRIQ_BITS) - 1) != 0) {
            long at = PAGE_REQUESTS + (long) (consumer & (1 << PRIQ_BITS) - 1) * PageRequest.BYTES;
            records.add(new long[] {smmu.memory.read64(at), smmu.memory.read64(at + 8)});
            consumer = consumer & Integer.MIN_VALUE | consumer + 1 & (2 << PRIQ_BITS) - 1;
        }
        smmu.registers.write32(PriqCons.ADDRESS, consumer);
        return records;
    }

    boolean overflowing() {
        return (smmu.registers.read32(PriqCons.ADDRESS) ^ smmu.registers.read32(PriqProd.ADDRESS)) < 0;
    }

    void acknowledgeOverflow() {
        smmu.registers.write32(PriqCons.ADDRESS, smmu.registers.read32(PriqCons.ADDRESS) ^ Integer.MIN_VALUE);
    }

    @Override
    public boolean invalidate(int substreamId, boolean global, long address, int log2bytes) {
        invalidations.add(new Invalidation(substreamId, global, address, log2bytes));
        return answering;
    }

    @Override
    public void respond(int substreamId, int group, Response response) {
        answers.add(new Answer(substreamId, group, response));
    }
}
