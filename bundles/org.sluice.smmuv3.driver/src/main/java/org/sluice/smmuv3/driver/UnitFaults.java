package org.sluice.smmuv3.driver;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;

/** Everything that a unit learns from its SMMU without asking: events, page requests, global errors. */
final class UnitFaults {
    private final CommandQueue commands;
    private final RecordQueue events;
    private final RecordQueue requests;
    private final EventThread thread;

    /**
     * Puts the thread together; it does not run yet.
     *
     * @param clients names of the devices that streams belong to, for the log
     * @param chores what else the thread does at every wake-up
     */
    UnitFaults(UnitParts parts, PageRequests pageRequests, IntFunction<String> clients, Runnable chores) {
        this.commands = parts.queue();
        this.events = parts.eventQueue();
        this.requests = parts.memory().pageRequests() == null ? null : parts.pageRequestQueue();
        FaultReporter reporter = new FaultReporter(parts.host(), parts.queue(), parts.log(), clients);
        List<QueueConsumer> consumers = new ArrayList<>();
        consumers.add(new QueueConsumer(events, words -> reporter.accept(new EventRecord(words)), () -> {}));
        Set<String> lines = new HashSet<>();
        lines.add(parts.hooks().line("eventq"));
        lines.add(parts.hooks().line("gerror"));
        if (requests != null) {
            consumers.add(new QueueConsumer(requests, pageRequests::accept, pageRequests::lost));
            lines.add(parts.hooks().line("priq"));
        }
        this.thread = new EventThread(
                parts.hardware().name(),
                parts.hardware().interrupts(),
                lines,
                consumers,
                parts.queue().errors(),
                chores,
                parts.log(),
                parts.running());
    }

    /** The thread. */
    EventThread thread() {
        return thread;
    }

    /** The event queue. */
    RecordQueue events() {
        return events;
    }

    /** The page request queue, or null. */
    RecordQueue requests() {
        return requests;
    }

    /** What was counted. */
    Map<String, Long> counters() {
        Map<String, Long> counters = new HashMap<>();
        counters.put("driver.commands.refused", commands.errors().refusedCommands());
        counters.put("driver.devices.timeouts", commands.errors().deviceTimeouts());
        counters.put("driver.events", events.consumed());
        counters.put("driver.events.overflows", events.overflows());
        counters.put("driver.requests", requests == null ? 0 : requests.consumed());
        counters.put("driver.requests.overflows", requests == null ? 0 : requests.overflows());
        return counters;
    }
}
