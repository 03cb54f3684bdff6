package org.sluice.smmuv3.model;

import org.sluice.spi.board.Dma;
import org.sluice.spi.board.IommuModel;

/** What an access wants, and whether a leaf permits it. */
final class Permissions {
    private Permissions() {}

    static boolean isWrite(int flags) {
        return (flags & IommuModel.WRITE) != 0;
    }

    static boolean isPrivileged(int flags) {
        return (flags & Dma.PRIVILEGED) != 0;
    }

    /** A write is never an instruction fetch. */
    static boolean isInstruction(int flags) {
        return (flags & (Dma.EXECUTE | IommuModel.WRITE)) == Dma.EXECUTE;
    }

    /** What stage 2 denies; a leaf of stage 1 alone denies nothing here. */
    static boolean permittedByStage2(long leaf, int flags) {
        long denial;
        if (isWrite(flags)) {
            denial = Leaf.STAGE2_NO_WRITE;
        } else if (!isInstruction(flags)) {
            denial = Leaf.STAGE2_NO_READ;
        } else {
            denial =
                    isPrivileged(flags) ? Leaf.STAGE2_PRIVILEGED_EXECUTE_NEVER : Leaf.STAGE2_UNPRIVILEGED_EXECUTE_NEVER;
        }
        return (leaf & denial) == 0;
    }

    /** Whether both stages permit an access; {@code context} is null where there is no stage 1. */
    static boolean granted(long leaf, int flags, StreamContext context) {
        return permittedByStage2(leaf, flags) && (context == null || permitted(leaf, flags, context));
    }

    /** Stage-1 permissions. */
    static boolean permitted(long leaf, int flags, StreamContext context) {
        if (!context.regime.hasUnprivileged) {
            return permittedWithoutLevels(leaf, flags, context);
        }
        boolean unprivilegedToo = (leaf & Leaf.UNPRIVILEGED) != 0;
        boolean writable = (leaf & Leaf.READ_ONLY) == 0;
        boolean privileged = isPrivileged(flags);
        if (isInstruction(flags)) {
            boolean writableHere = writable && (privileged || unprivilegedToo);
            if (context.writeExecuteNever && writableHere) {
                return false;
            }
            if (privileged) {
                // what unprivileged code can write is never executed privileged
                return (leaf & Leaf.PRIVILEGED_EXECUTE_NEVER) == 0 && !(writable && unprivilegedToo);
            }
            return (leaf & Leaf.UNPRIVILEGED_EXECUTE_NEVER) == 0;
        }
        if (privileged ? context.privilegedAccessNever && reachesUnprivileged(leaf, context) : !unprivilegedToo) {
            return false;
        }
        return writable || !isWrite(flags);
    }

    // what PAN keeps privileged data accesses from
    private static boolean reachesUnprivileged(long leaf, StreamContext context) {
        boolean data = (leaf & Leaf.UNPRIVILEGED) != 0;
        boolean code = (leaf & Leaf.UNPRIVILEGED_EXECUTE_NEVER) == 0;
        return data || context.privilegedAccessNeverOfCode && code;
    }

    // EL2 without E2H: UXN is XN, PXN and the unprivileged bit of AP mean nothing
    private static boolean permittedWithoutLevels(long leaf, int flags, StreamContext context) {
        boolean writable = (leaf & Leaf.READ_ONLY) == 0;
        if (isInstruction(flags)) {
            boolean never = (leaf & Leaf.UNPRIVILEGED_EXECUTE_NEVER) != 0;
            return !never && !(writable && context.writeExecuteNever);
        }
        return writable || !isWrite(flags);
    }
}
