package org.sluice.smmuv2.model;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.sluice.api.Counters;

/** Counters of one model. Any thread. */
final class Statistics implements Counters {
    final LongAdder transactions = new LongAdder();
    final LongAdder hits = new LongAdder();
    final LongAdder misses = new LongAdder();
    final LongAdder walkReads = new LongAdder();
    final LongAdder contextFaults = new LongAdder();
    final LongAdder globalFaults = new LongAdder();
    final LongAdder syncWaits = new LongAdder();

    private final String subject;
    private final Map<String, LongAdder> operations = new ConcurrentHashMap<>();

    Statistics(String subject) {
        this.subject = subject;
    }

    /** An operation that a register write started. */
    void operation(String register) {
        operations.computeIfAbsent(register, name -> new LongAdder()).increment();
    }

    @Override
    public String subject() {
        return subject;
    }

    @Override
    public Map<String, Long> read() {
        Map<String, Long> values = new LinkedHashMap<>();
        values.put("transaction", transactions.sum());
        values.put("tlb.hit", hits.sum());
        values.put("tlb.miss", misses.sum());
        values.put("walk.read", walkReads.sum());
        values.put("fault.context", contextFaults.sum());
        values.put("fault.global", globalFaults.sum());
        values.put("sync.wait", syncWaits.sum());
        operations.keySet().stream()
                .sorted()
                .forEach(name ->
                        values.put("operation." + name, operations.get(name).sum()));
        return values;
    }
}
