package org.sluice.smmuv2.model;

import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;

/** Whether a leaf permits an access. */
final class Permissions {
    private Permissions() {}

    static boolean isWrite(int flags) {
        return (flags & IommuModel.WRITE) != 0;
    }

    static boolean isPrivileged(int flags) {
        return (flags & Dma.PRIVILEGED) != 0;
    }

    static boolean isInstruction(int flags) {
        return (flags & Dma.EXECUTE) != 0;
    }

    /** Stage 1; a leaf of stage 2 alone denies nothing here. */
    static boolean permitted(Mapping leaf, BankContext context, int flags) {
        int denials = leaf.denials();
        boolean privileged = isPrivileged(flags);
        boolean unprivilegedToo = (denials & Mapping.UNPRIVILEGED) == 0;
        boolean writable = (denials & Mapping.WRITE) == 0;
        if (isInstruction(flags)) {
            if (context.writeExecuteNever() && writable && (privileged || unprivilegedToo)) {
                return false;
            }
            if (privileged) {
                boolean unprivilegedWritable = writable && unprivilegedToo;
                return (denials & Mapping.PRIVILEGED_EXECUTE) == 0
                        && !(context.unprivilegedWriteExecuteNever() && unprivilegedWritable);
            }
            return unprivilegedToo && (denials & Mapping.UNPRIVILEGED_EXECUTE) == 0;
        }
        return (privileged || unprivilegedToo) && (denials & (isWrite(flags) ? Mapping.WRITE : Mapping.READ)) == 0;
    }

    static boolean permittedByStage2(Mapping leaf, int flags) {
        int denial = isWrite(flags)
                ? Mapping.STAGE2_WRITE
                : isInstruction(flags) ? Mapping.STAGE2_EXECUTE : Mapping.STAGE2_READ;
        return (leaf.denials() & denial) == 0;
    }
}
