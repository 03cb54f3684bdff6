package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.Gbpa;
import org.sluice.smmuv3.arch.StreamTableEntry;
import org.sluice.spi.board.Dma;

/**
 * What an STE or GBPA makes of the attributes that a device sends. PRIVCFG and INSTCFG count before any translation;
 * MTCFG, SHCFG and ALLOCCFG only where no stage 1 replaces what they are about. Immutable.
 *
 * @param keptFlags bits of the access flags that stay
 * @param setFlags bits of the access flags that are set
 * @param memAttr MemAttr, or -1 without MTCFG
 * @param shcfg as the field codes it
 * @param alloccfg as the field codes it
 */
record AttributeOverrides(int keptFlags, int setFlags, int memAttr, int shcfg, int alloccfg) {
    /** Nothing is overridden. */
    static final AttributeOverrides NONE = new AttributeOverrides(-1, 0, -1, (int) StreamTableEntry.SHCFG_INCOMING, 0);

    // of PRIVCFG and INSTCFG; 0 and 1 leave what came
    private static final int CLEAR = 2;
    private static final int SET = 3;
    // ALLOCCFG: override, read, write, transient
    private static final int ALLOC_OVERRIDE = 8;
    private static final int ALLOC_READ = 4;
    private static final int ALLOC_WRITE = 2;
    private static final int ALLOC_TRANSIENT = 1;

    /** Of an STE. */
    static AttributeOverrides ofStream(long word1, Identity id) {
        return of(
                StreamTableEntry.mtcfg(word1) != 0 ? (int) StreamTableEntry.memAttr(word1) : -1,
                (int) StreamTableEntry.shcfg(word1),
                (int) StreamTableEntry.alloccfg(word1),
                (int) StreamTableEntry.privcfg(word1),
                (int) StreamTableEntry.instcfg(word1),
                id);
    }

    /** Of GBPA, for an SMMU that is off. */
    static AttributeOverrides ofGbpa(long gbpa, Identity id) {
        return of(
                Gbpa.mtcfg(gbpa) != 0 ? (int) Gbpa.memAttr(gbpa) : -1,
                (int) Gbpa.shcfg(gbpa),
                (int) Gbpa.alloccfg(gbpa),
                (int) Gbpa.privcfg(gbpa),
                (int) Gbpa.instcfg(gbpa),
                id);
    }

    private static AttributeOverrides of(int memAttr, int shcfg, int alloccfg, int privcfg, int instcfg, Identity id) {
        boolean types = id.typeOverride();
        boolean permissions = id.permissionOverride();
        int keep = -1;
        int set = 0;
        if (permissions) {
            keep &= privcfg == CLEAR ? ~Dma.PRIVILEGED : -1;
            keep &= instcfg == CLEAR ? ~Dma.EXECUTE : -1;
            set |= privcfg == SET ? Dma.PRIVILEGED : 0;
            set |= instcfg == SET ? Dma.EXECUTE : 0;
        }
        return new AttributeOverrides(
                keep,
                set,
                types ? memAttr : -1,
                types ? shcfg : (int) StreamTableEntry.SHCFG_INCOMING,
                types ? alloccfg : 0);
    }

    /** The access that goes on; a write is never an instruction fetch, whatever is set. */
    int flags(int flags) {
        return flags & keptFlags | setFlags;
    }

    /** The attributes that go on where no stage 1 decides them. */
    int attributes() {
        int attributes = Attributes.INCOMING;
        if (memAttr >= 0) {
            attributes = Attributes.withType(attributes, Attributes.typeOf(memAttr));
        }
        if ((alloccfg & ALLOC_OVERRIDE) != 0) {
            attributes = Attributes.withAllocation(
                    attributes,
                    (alloccfg & ALLOC_READ) != 0,
                    (alloccfg & ALLOC_WRITE) != 0,
                    (alloccfg & ALLOC_TRANSIENT) != 0);
        }
        if (shcfg != StreamTableEntry.SHCFG_INCOMING) {
            attributes = Attributes.withShareability(attributes, shcfg);
        }
        return Attributes.normalize(attributes);
    }
}
