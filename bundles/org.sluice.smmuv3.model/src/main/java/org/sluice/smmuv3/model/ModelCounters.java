package org.sluice.smmuv3.model;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntToLongFunction;
import org.sluice.api.Counters;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.Opcode;

/** The model's counters under their stable names. */
final class ModelCounters implements Counters {
    private final String subject;
    private final TransactionSlots transactions;
    private final CommandSet commands;
    private final EventQueue events;
    private final StreamIndex streams;
    private final Tlb tlb;
    private final ConfigurationCache configurations;
    private final PageRequestQueue pages;

    ModelCounters(
            String subject,
            TransactionSlots transactions,
            StreamIndex streams,
            CommandSet commands,
            EventQueue events,
            Tlb tlb,
            ConfigurationCache configurations,
            PageRequestQueue pages) {
        this.subject = subject;
        this.transactions = transactions;
        this.streams = streams;
        this.commands = commands;
        this.events = events;
        this.tlb = tlb;
        this.configurations = configurations;
        this.pages = pages;
    }

    @Override
    public String subject() {
        return subject;
    }

    @Override
    public Map<String, Long> read() {
        Map<String, Long> values = traffic(transactions::total);
        values.put("tlb.removed", tlb.removed());
        values.put("tlb.removed.unasked", tlb.removedBeyond());
        values.put("config.removed", configurations.removed());
        values.put("config.removed.unasked", configurations.removedBeyond());
        values.put("priq.recorded", pages.recorded());
        values.put("priq.discarded", pages.discarded());
        values.put("event.merged", events.merged());
        values.put("event.lost", events.lost());
        for (int number = 0; number < 1 << Byte.SIZE; number++) {
            putUnlessZero(values, "command.CMD_" + Opcode.name(number), commands.count(number));
            putUnlessZero(values, "event." + EventId.name(number), events.recorded(number));
        }
        return values;
    }

    /** Streams that are counted alone. */
    List<Integer> streams() {
        return streams.streams();
    }

    /** Totals of one of them; empty for another. */
    Map<String, Long> read(int streamId) {
        int block = streams.find(streamId);
        return block == StreamIndex.OTHERS ? Map.of() : traffic(counter -> transactions.total(counter, block));
    }

    private static Map<String, Long> traffic(IntToLongFunction total) {
        Map<String, Long> values = new LinkedHashMap<>();
        values.put("transaction", total.applyAsLong(TransactionSlots.TRANSACTIONS));
        hits(values, "tlb.hit", TransactionSlots.TLB_HIT, total);
        values.put("tlb.miss", total.applyAsLong(TransactionSlots.TLB_MISS));
        values.put("walk", total.applyAsLong(TransactionSlots.WALK));
        hits(values, "s2.tlb.hit", TransactionSlots.TLB2_HIT, total);
        values.put("s2.tlb.miss", total.applyAsLong(TransactionSlots.TLB2_MISS));
        values.put("s2.walk", total.applyAsLong(TransactionSlots.WALK2));
        values.put("walk.read", total.applyAsLong(TransactionSlots.WALK_READ));
        values.put("walk.update", total.applyAsLong(TransactionSlots.WALK_UPDATE));
        values.put("config.hit", total.applyAsLong(TransactionSlots.CONFIG_HIT));
        values.put("ste.fetch", total.applyAsLong(TransactionSlots.STE_FETCH));
        values.put("cd.fetch", total.applyAsLong(TransactionSlots.CD_FETCH));
        values.put("ats.request", total.applyAsLong(TransactionSlots.ATS_REQUESTS));
        values.put("ats.transaction", total.applyAsLong(TransactionSlots.ATS_TRANSLATED));
        values.put("bytes.read", total.applyAsLong(TransactionSlots.BYTES_READ));
        values.put("bytes.written", total.applyAsLong(TransactionSlots.BYTES_WRITTEN));
        values.put("fault", total.applyAsLong(TransactionSlots.FAULT));
        return values;
    }

    // together, and by the level of the leaf
    private static void hits(Map<String, Long> values, String name, int counter, IntToLongFunction total) {
        long sum = 0;
        for (int level = 0; level <= Granule.LAST_LEVEL; level++) {
            sum += total.applyAsLong(counter + level);
        }
        values.put(name, sum);
        for (int level = 0; level <= Granule.LAST_LEVEL; level++) {
            putUnlessZero(values, name + ".level" + level, total.applyAsLong(counter + level));
        }
    }

    private static void putUnlessZero(Map<String, Long> values, String name, long value) {
        if (value != 0) {
            values.put(name, value);
        }
    }
}
