package org.sluice.smmuv3.model;

import java.util.LinkedHashMap;
import java.util.Map;
import org.sluice.api.Counters;
import org.sluice.smmuv3.arch.EventId;
import org.sluice.smmuv3.arch.Opcode;

/** The model's counters under their stable names. */
final class ModelCounters implements Counters {
    private final String subject;
    private final TransactionSlots transactions;
    private final CommandSet commands;
    private final EventQueue events;
    private final PageRequestQueue pages;

    ModelCounters(
            String subject,
            TransactionSlots transactions,
            CommandSet commands,
            EventQueue events,
            PageRequestQueue pages) {
        this.subject = subject;
        this.transactions = transactions;
        this.commands = commands;
        this.events = events;
        this.pages = pages;
    }

    @Override
    public String subject() {
        return subject;
    }

    @Override
    public Map<String, Long> read() {
        Map<String, Long> values = new LinkedHashMap<>();
        values.put("transaction", transactions.total(TransactionSlots.TRANSACTIONS));
        values.put("tlb.hit", transactions.total(TransactionSlots.TLB_HIT));
        values.put("tlb.miss", transactions.total(TransactionSlots.TLB_MISS));
        values.put("walk", transactions.total(TransactionSlots.WALK));
        values.put("s2.tlb.hit", transactions.total(TransactionSlots.TLB2_HIT));
        values.put("s2.tlb.miss", transactions.total(TransactionSlots.TLB2_MISS));
        values.put("s2.walk", transactions.total(TransactionSlots.WALK2));
        values.put("walk.read", transactions.total(TransactionSlots.WALK_READ));
        values.put("walk.update", transactions.total(TransactionSlots.WALK_UPDATE));
        values.put("config.hit", transactions.total(TransactionSlots.CONFIG_HIT));
        values.put("ste.fetch", transactions.total(TransactionSlots.STE_FETCH));
        values.put("cd.fetch", transactions.total(TransactionSlots.CD_FETCH));
        values.put("ats.request", transactions.total(TransactionSlots.ATS_REQUESTS));
        values.put("ats.transaction", transactions.total(TransactionSlots.ATS_TRANSLATED));
        values.put("priq.recorded", pages.recorded());
        values.put("priq.discarded", pages.discarded());
        values.put("bytes.read", transactions.total(TransactionSlots.BYTES_READ));
        values.put("bytes.written", transactions.total(TransactionSlots.BYTES_WRITTEN));
        values.put("event.lost", events.lost());
        for (int number = 0; number < 1 << Byte.SIZE; number++) {
            putUnlessZero(values, "command.CMD_" + Opcode.name(number), commands.count(number));
            putUnlessZero(values, "event." + EventId.name(number), events.recorded(number));
        }
        return values;
    }

    private static void putUnlessZero(Map<String, Long> values, String name, long value) {
        if (value != 0) {
            values.put(name, value);
        }
    }
}
