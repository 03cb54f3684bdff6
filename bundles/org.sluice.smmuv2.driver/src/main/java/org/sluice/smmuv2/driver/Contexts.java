package org.sluice.smmuv2.driver;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.driver.ContextRecord;
import org.sluice.spi.driver.ContextRequest;
import org.sluice.spi.driver.TranslationContext;
import org.sluice.spi.pgtable.ArmNestedBank;
import org.sluice.spi.quirk.Smmuv2Limits;

/**
 * The contexts of a unit and their tags: ASIDs for stage 1, VMIDs for stage 2. The core serialises the calls; {@link
 * #ofStage1} is for any thread.
 */
final class Contexts {
    private static final int WIDE_TAG_BITS = 16;
    private static final int NARROW_TAG_BITS = 8;

    private final Formats formats;
    private final Smmuv2Limits limits;
    private final Maintenance maintenance;
    private final BankTranslation translation;
    private final Tags asids;
    private final Tags vmids;
    private final Map<Integer, TableContext> byAsid = new ConcurrentHashMap<>();
    private final Map<Integer, TableContext> byVmid = new HashMap<>();
    private final Set<GuestContext> guests = ConcurrentHashMap.newKeySet();
    /** Contexts that the hardware was found to use and that nobody has asked for yet. */
    private final Map<ContextRecord, BankContext> unclaimed = new HashMap<>();

    Contexts(
            Features features,
            Smmuv2Limits limits,
            Formats formats,
            Maintenance maintenance,
            BankTranslation translation) {
        this.formats = formats;
        this.limits = limits;
        this.maintenance = maintenance;
        this.translation = translation;
        asids = new Tags("ASID", limits.firstAsid(), limits.tags(), limits.aarch64() ? WIDE_TAG_BITS : NARROW_TAG_BITS);
        vmids = new Tags(
                "VMID", limits.firstVmid(), limits.tags(), features.wideVmids() ? WIDE_TAG_BITS : NARROW_TAG_BITS);
    }

    /** Makes a context with a fresh tag. */
    TableContext create(ContextRequest request) {
        int stage = formats.stage(request);
        var table = formats.table(request, stage);
        return add(new TableContext(request, stage, tags(stage).take(), table, maintenance, translation));
    }

    /** Makes a guest's context over a stage 2. */
    GuestContext createGuest(TranslationContext parent, long[] words) {
        return addGuest(stage2(parent), GuestBank.check(words, limits));
    }

    private TableContext stage2(TranslationContext context) {
        if (!(own(context) instanceof TableContext table) || table.stage() != 2) {
            throw new IommuException(Errno.EINVAL, context + " is not a stage-2 context: a guest cannot rest on it");
        }
        if (!table.isInstalled()) {
            throw new IommuException(Errno.EINVAL, context + " has no page table installed");
        }
        return table;
    }

    private GuestContext addGuest(TableContext parent, GuestBank bank) {
        GuestContext guest = new GuestContext(parent, bank, maintenance);
        parent.countGuests(1);
        guests.add(guest);
        return guest;
    }

    /** The guests over a stage-2 context. */
    List<GuestContext> over(TranslationContext parent) {
        TableContext table = stage2(parent);
        return guests.stream().filter(guest -> guest.parent() == table).toList();
    }

    /** Makes, or finds, the object for a context of a predecessor. */
    BankContext adopt(ContextRecord record) {
        BankContext found = unclaimed.remove(record);
        return found != null ? found : restore(record);
    }

    /** Makes a context that the hardware was found to use; kept for {@link #adopt}. */
    BankContext adoptFound(ContextRecord record) {
        BankContext found = unclaimed.get(record);
        if (found == null) {
            found = restore(record);
            unclaimed.put(record, found);
        }
        return found;
    }

    private BankContext restore(ContextRecord record) {
        if (record.walker() instanceof ArmNestedBank walker) {
            return addGuest(parentOf(record, walker), GuestBank.of(walker));
        }
        tags(record.stage()).reserve(record.tag());
        TableContext context = add(new TableContext(
                record.request(), record.stage(), record.tag(), record.table(), maintenance, translation));
        if (record.walker() != null) {
            context.install(record.walker());
        }
        return context;
    }

    /** The parent may have been claimed already, or be there only because its guest is. */
    private TableContext parentOf(ContextRecord guest, ArmNestedBank walker) {
        TableContext known = byVmid.get(guest.tag());
        ContextRecord record =
                new ContextRecord(guest.request(), guest.tag(), guest.stage(), guest.table(), walker.stage2());
        if (known == null) {
            return (TableContext) adoptFound(record);
        }
        if (!known.record().equals(record)) {
            throw new IommuException(
                    Errno.EINVAL, "a guest rests on " + record + ", but its VMID is that of " + known.record());
        }
        return known;
    }

    private TableContext add(TableContext context) {
        (context.stage() == 1 ? byAsid : byVmid).put(context.tag(), context);
        return context;
    }

    private Tags tags(int stage) {
        return stage == 1 ? asids : vmids;
    }

    /** The context behind a contract object. */
    BankContext own(TranslationContext context) {
        boolean known = context instanceof GuestContext guest
                ? guests.contains(guest)
                : context instanceof TableContext table
                        && (table.stage() == 1 ? byAsid : byVmid).get(table.tag()) == table;
        if (!known) {
            throw new IommuException(Errno.EINVAL, "context " + context + " is not of this unit");
        }
        return (BankContext) context;
    }

    /** Frees a context that no device uses, once the TLB has forgotten it. */
    void free(BankContext context) {
        if (context instanceof TableContext table && table.guests() > 0) {
            throw new IommuException(Errno.EBUSY, context + " carries " + table.guests() + " guests");
        }
        context.invalidateAll();
        unclaimed.values().remove(context);
        if (context instanceof GuestContext guest) {
            guests.remove(guest);
            guest.parent().countGuests(-1);
        } else if (context instanceof TableContext table) {
            (table.stage() == 1 ? byAsid : byVmid).remove(table.tag());
            tags(table.stage()).giveBack(table.tag());
        }
    }

    /** Every context of stage 1. */
    Collection<TableContext> ofStage1() {
        return byAsid.values();
    }
}
