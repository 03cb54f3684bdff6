package org.sluice.smmuv3.model;

import java.util.Arrays;
import java.util.function.Supplier;
import org.sluice.spi.memory.MemoryAbortException;

/**
 * Transactions that find all they need in the caches: configuration and a leaf of stage 1, or of both stages, that permits
 * the access and has nothing to update. Whatever else happens is for {@link Traffic} to begin again. Any thread; takes no
 * lock and does not allocate.
 *
 * <p>Such a read of plain memory does not enter, so it needs no fence, and overlaps with the one before. It makes sure
 * afterwards that no drain began since before its look-ups: then they found nothing that a finished SYNC had invalidated, and
 * the bytes were read before any SYNC that they could concern. Else what it read is wiped out, and the read is made again.
 * A write cannot be undone: it enters after its look-ups, and then makes sure of the same.
 */
final class CachedHits {
    private final Supplier<Settings> settings;
    private final TransactionSlots transactions;
    private final ConfigurationCache configurations;
    private final Tlb tlb;
    private final DataAccess dataAccess;
    private final MicroTlb micro;
    private final boolean readsWithoutEffect;

    CachedHits(
            Supplier<Settings> settings,
            TransactionSlots transactions,
            TranslationPath.Parts parts,
            DataAccess dataAccess,
            MicroTlb micro) {
        this.settings = settings;
        this.transactions = transactions;
        this.dataAccess = dataAccess;
        this.micro = micro;
        configurations = parts.configurations();
        tlb = parts.tlb();
        // a conflict is for the long way
        readsWithoutEffect = dataAccess.readsWithoutEffect() && !tlb.reportsConflicts();
    }

    /**
     * Whether the transaction was of that kind and is done, and remembered by the {@link MicroTlb}. If not, it has had no
     * effect and is not counted.
     *
     * @param stamp {@link Generation#changes}, as of before it was known that nobody listens
     */
    boolean done(int streamId, int substreamId, long iova, int flags, byte[] data, int offset, int length, long stamp) {
        if (!readsWithoutEffect) {
            return false;
        }
        long drains = transactions.drains();
        ConfigurationCache.Entry entry = configurations.find(streamId, substreamId);
        if (entry == null || entry.translated() == null || !settings.get().enabled()) {
            return false;
        }
        Route.Translated route = entry.translated();
        StreamContext context = route.context();
        long canonical = context.canonical(iova);
        InputRange range = context.range(canonical);
        if (range == null) {
            return false;
        }
        int access = route.overrides().flags(flags);
        long[] slot = transactions.slot();
        long leaf = tlb.lookup(route.tag(range), canonical, slot);
        if (leaf == Tlb.MISS || Leaf.needsUpdate(leaf, access) || !permitted(leaf, access, range, context)) {
            return false;
        }
        long address = Leaf.output(leaf, canonical);
        boolean write = Permissions.isWrite(access);
        boolean done = write
                ? write(slot, drains, address, data, offset, length)
                : read(drains, address, data, offset, length);
        if (!done) {
            return false;
        }
        int level = Granule.levelOf(range.granule(), Leaf.wholeLog2size(leaf));
        TransactionSlots.countCached(
                slot,
                entry.counters(),
                level,
                write ? TransactionSlots.BYTES_WRITTEN : TransactionSlots.BYTES_READ,
                length);
        micro.fill(slot, streamId, substreamId, iova, flags, address, entry.counters(), level, stamp);
        return true;
    }

    private static boolean permitted(long leaf, int access, InputRange range, StreamContext context) {
        return !(range.privilegedOnly() && !Permissions.isPrivileged(access))
                && Permissions.granted(leaf, access, context);
    }

    private boolean read(long drains, long address, byte[] data, int offset, int length) {
        try {
            dataAccess.readUncounted(address, data, offset, length);
        } catch (MemoryAbortException e) {
            return false;
        }
        if (!transactions.isCurrent(drains)) {
            // the page may already be somebody else's
            Arrays.fill(data, offset, offset + length, (byte) 0);
            return false;
        }
        return true;
    }

    private boolean write(long[] slot, long drains, long address, byte[] data, int offset, int length) {
        TransactionSlots.enter(slot);
        try {
            if (transactions.drains() != drains) {
                return false;
            }
            dataAccess.writeUncounted(address, data, offset, length);
            return true;
        } catch (MemoryAbortException e) {
            return false;
        } finally {
            TransactionSlots.leave(slot);
        }
    }
}
