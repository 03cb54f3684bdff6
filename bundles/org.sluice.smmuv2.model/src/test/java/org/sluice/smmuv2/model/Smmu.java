package org.sluice.smmuv2.model;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.sluice.memory.ResidentMemoryFactory;
import org.sluice.smmuv2.arch.ContextBankAttribute;
import org.sluice.smmuv2.arch.ContextBankAttribute2;
import org.sluice.smmuv2.arch.FaultStatus;
import org.sluice.smmuv2.arch.SCr0;
import org.sluice.smmuv2.arch.Stage2TranslationControl;
import org.sluice.smmuv2.arch.StreamMatch;
import org.sluice.smmuv2.arch.StreamToContext;
import org.sluice.smmuv2.arch.SystemControl;
import org.sluice.smmuv2.arch.TlbSync;
import org.sluice.smmuv2.arch.TlbiVa;
import org.sluice.smmuv2.arch.TranslationControl;
import org.sluice.smmuv2.arch.TranslationControl2;
import org.sluice.smmuv2.arch.TranslationTableBase0;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.ModelRequest;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.spi.memory.PhysicalMemory;

/** A model with memory and a driver of few words, for tests. It knows the model by its contracts only. */
final class Smmu {
    static final int SID = 0x42;
    /** Stage-1 read-write leaf of the golden table in linux-iommu.md: RW, cached, not executable. */
    static final long RW = 0x0060000000000f47L;
    /** Stage-2 read-write leaf of the same table. */
    static final long RW2 = 0x00600000000007ffL;
    /** A page of 4 KiB pages: GR0, GR1, and 30 more; then the banks. */
    private static final int PAGE = 0x1000;

    private static final int BANKS = 32 * PAGE;
    private static final int TABLE = 3;

    final PhysicalMemory memory;
    final IommuModel model;
    final RegisterFile registers;
    final List<String> interrupts = new CopyOnWriteArrayList<>();

    private long freeTable = 0x8800_0000L;

    Smmu(Object... properties) {
        memory = new ResidentMemoryFactory().create(List.of(new MemoryRegion(0x8000_0000L, 0x1000_0000L)));
        model = new Smmuv2ModelFactory()
                .create(new ModelRequest("smmu0", memory, memory, interrupts::add, map(properties)));
        registers = model.registers();
    }

    /** A model that was made already. */
    Smmu(IommuModel made, PhysicalMemory ofIt) {
        memory = ofIt;
        model = made;
        registers = model.registers();
    }

    static Map<String, Object> map(Object... properties) {
        Map<String, Object> map = new HashMap<>();
        for (int i = 0; i < properties.length; i += 2) {
            map.put((String) properties[i], properties[i + 1]);
        }
        return map;
    }

    /** Translation on, unmatched streams fault, faults are reported. */
    Smmu enable() {
        long control = SCr0.withUsfcfg(SCr0.withGcfgfre(SCr0.withGcfgfie(0, 1), 1), 1);
        registers.write32(SCr0.OFFSET, (int) control);
        return this;
    }

    /** Entry number {@code index} takes one stream to a bank. */
    Smmu stream(int index, int streamId, int bank) {
        registers.write32(
                StreamMatch.OFFSET + 4 * index, (int) StreamMatch.withValid(StreamMatch.withId(0, streamId), 1));
        registers.write32(StreamToContext.OFFSET + 4 * index, (int) StreamToContext.withCbndx(0, bank));
        return this;
    }

    static int bank(int number) {
        return BANKS + number * PAGE;
    }

    void write(int bank, int offset, long value) {
        registers.write32(bank(bank) + offset, (int) value);
    }

    void write64(int bank, int offset, long value) {
        registers.write64(bank(bank) + offset, value);
    }

    long read(int bank, int offset) {
        return registers.read32(bank(bank) + offset) & 0xffffffffL;
    }

    long read64(int bank, int offset) {
        return registers.read64(bank(bank) + offset);
    }

    /** CBAR and CBA2R of a bank with AArch64 tables. */
    Smmu attribute(int bank, long type, int vmid, int interrupt) {
        long cbar = ContextBankAttribute.withType(ContextBankAttribute.withIrptndx(0, interrupt), type);
        registers.write32(PAGE + ContextBankAttribute.OFFSET + 4 * bank, (int) cbar);
        long cba2r = ContextBankAttribute2.withVa64(ContextBankAttribute2.withVmid16(0, vmid), 1);
        registers.write32(PAGE + ContextBankAttribute2.OFFSET + 4 * bank, (int) cba2r);
        return this;
    }

    /** A stage-1 bank of the 4 KiB granule and 39 bits; the upper half is off. */
    Smmu stage1(int bank, int asid, long root) {
        attribute(bank, ContextBankAttribute.TYPE_STAGE1_STAGE2_BYPASS, bank + 1, bank);
        long tcr = TranslationControl.withT0sz(TranslationControl.withEpd1(0, 1), 64 - 39);
        write(bank, TranslationControl.OFFSET, tcr);
        long tcr2 = TranslationControl2.withSep(TranslationControl2.withPaSize(0, 5), TranslationControl2.SEP_UPSTREAM);
        write(bank, TranslationControl2.OFFSET, tcr2);
        write64(bank, TranslationTableBase0.OFFSET, TranslationTableBase0.withAsid(root, asid));
        control(bank, 0);
        return this;
    }

    /** A stage-2 bank of the 4 KiB granule, 39 bits from level 1. */
    Smmu stage2(int bank, int vmid, long root) {
        attribute(bank, ContextBankAttribute.TYPE_STAGE2, vmid, bank);
        long vtcr = Stage2TranslationControl.withT0sz(Stage2TranslationControl.withSl0(0, 1), 64 - 39);
        write(bank, TranslationControl.OFFSET, Stage2TranslationControl.withPs(vtcr, 5));
        write64(bank, TranslationTableBase0.OFFSET, root);
        control(bank, 0);
        return this;
    }

    /** SCTLR: on, faults reported and interrupting, and more bits. */
    void control(int bank, long more) {
        write(
                bank,
                SystemControl.OFFSET,
                more | SystemControl.M_MASK | SystemControl.CFRE_MASK | SystemControl.CFIE_MASK);
    }

    /** A table of 512 entries. */
    long table() {
        long table = freeTable;
        freeTable += 0x1000;
        return table;
    }

    /** Maps one page in tables of the 4 KiB granule that start at level 1. */
    void map(long root, long iova, long leaf) {
        long table = root;
        for (int shift = 30; shift > 12; shift -= 9) {
            long entry = table + (iova >>> shift & 511) * 8;
            if (memory.read64(entry) == 0) {
                memory.write64(entry, table() | TABLE);
            }
            table = memory.read64(entry) & 0xffff_ffff_f000L;
        }
        memory.write64(table + (iova >>> 12 & 511) * 8, leaf);
    }

    /** TLBIVA and TLBSYNC of a bank. */
    void invalidate(int bank, long iova, int asid) {
        write64(bank, TlbiVa.OFFSET, TlbiVa.withAsid(iova >>> 12, asid));
        write(bank, TlbSync.OFFSET, 0);
    }

    int read(int streamId, long iova, byte[] data) {
        return model.transact(streamId, Dma.NO_PASID, iova, 0, data, 0, data.length);
    }

    int write(int streamId, long iova, byte[] data) {
        return model.transact(streamId, Dma.NO_PASID, iova, IommuModel.WRITE, data, 0, data.length);
    }

    /** The word that a device reads, or -1 when the read does not complete. */
    long word(int streamId, long iova) {
        byte[] data = new byte[4];
        return read(streamId, iova, data) == Dma.OK
                ? (data[0] & 0xff | (data[1] & 0xff) << 8 | (data[2] & 0xff) << 16 | (data[3] & 0xff) << 24)
                : -1;
    }

    long faultStatus(int bank) {
        return read(bank, FaultStatus.OFFSET);
    }

    void clearFault(int bank) {
        write(bank, FaultStatus.OFFSET, faultStatus(bank));
    }
}
