package org.sluice.smmuv3.model;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.sluice.api.Counters;
import org.sluice.spi.board.AtsModel;
import org.sluice.spi.board.ExplainingModel;
import org.sluice.spi.board.Explanation;
import org.sluice.spi.board.ModelRequest;
import org.sluice.spi.board.StreamStatistics;
import org.sluice.spi.board.Translation;
import org.sluice.spi.bus.RegisterFile;
import org.sluice.spi.memory.PhysicalMemory;

/**
 * One SMMUv3. Any number of threads may make transactions and write registers. A transaction takes no lock and does not
 * allocate unless it misses the configuration cache or faults.
 */
final class Smmuv3Model implements ExplainingModel, StreamStatistics, Counters {
    private final Traffic traffic;
    private final AtsTraffic ats;
    private final boolean hasAts;
    private final AtsPorts ports;
    private final CommandSet commands;
    private final Generation generation = new Generation();
    private final TransactionSlots transactions;
    private final TranslationPath path;
    private final Inquiry inquiry;
    private final Smmuv3Registers registers;
    private final ModelCounters counters;
    private volatile Settings settings;
    private volatile boolean off;

    /** The only interface, or the one that is not Secure. */
    Smmuv3Model(ModelRequest request, ModelOptions options) {
        this(request, options, options.identity(), request.interrupt(), null);
    }

    /** The Secure interface beside another, whose streams its commands reach too. Its lines begin with {@code s-}. */
    static Smmuv3Model secure(ModelRequest request, ModelOptions options, Smmuv3Model nonSecure) {
        Consumer<String> lines = line -> request.interrupt().accept("s-" + line);
        return new Smmuv3Model(request, options, options.identity().secure(), lines, nonSecure);
    }

    private Smmuv3Model(
            ModelRequest request, ModelOptions options, Identity id, Consumer<String> lines, Smmuv3Model nonSecure) {
        PhysicalMemory memory = request.memory();
        DataAccess dataAccess = new DataAccess(request.dmaMemory(), id.outputBits());
        RegisterBank bank = new RegisterBank(new RegisterFeatures(id));
        Interrupts interrupts = new Interrupts(bank, memory, lines);
        StreamIndex streams = new StreamIndex(options.countedStreams());
        transactions = new TransactionSlots(streams, generation);
        Tlb tlb = new Tlb(options.tlb(), generation);
        ConfigurationCache configurations = new ConfigurationCache(
                options.configurationEntries(),
                options.wideConfiguration(),
                options.reportsConfigurationConflicts(),
                generation);
        TranslationPath.Parts parts = new TranslationPath.Parts(memory, id, tlb, configurations);
        path = new TranslationPath(parts, null);
        inquiry = new Inquiry(parts, path, generation);
        EventMerging merging = options.mergesEvents() ? new EventMerging(this::mayMerge) : null;
        EventQueue events = new EventQueue(bank, memory, interrupts, id, merging);
        Stalls stalls = new Stalls(id.stallMax());
        traffic = new Traffic(() -> settings, transactions, generation, parts, path, dataAccess, events, stalls);
        // device TLBs are of the world that is not Secure
        ports = nonSecure == null ? new AtsPorts() : nonSecure.ports;
        AtsCommands atsCommands = new AtsCommands(nonSecure == null ? id : options.identity(), ports, () -> settings);
        commands = new CommandSet(id, configurations, tlb, generation, transactions, stalls, atsCommands, interrupts);
        Commands reached =
                nonSecure == null ? commands : new SecureCommands(commands, nonSecure.commands, nonSecure.transactions);
        CommandQueue queue = new CommandQueue(bank, memory, interrupts, reached, id);
        AddressTranslationRegisters gatos =
                new AddressTranslationRegisters(bank, () -> settings, path, generation, id.outputBits());
        registers =
                new Smmuv3Registers(bank, queue, events, transactions, gatos, () -> settings = Settings.of(bank, id));
        PageRequestQueue pages =
                new PageRequestQueue(bank, memory, interrupts, id, ports, () -> settings, path, events, generation);
        ats = new AtsTraffic(
                transactions,
                generation,
                new TranslationRequests(() -> settings, path, events, id.outputBits()),
                new TranslatedTransactions(() -> settings, path, events, dataAccess),
                pages,
                events,
                ports);
        hasAts = id.ats();
        counters =
                new ModelCounters(request.name(), transactions, streams, commands, events, tlb, configurations, pages);
        settings = Settings.of(bank, id);
    }

    /** Whether it translates. */
    boolean isEnabled() {
        return settings.enabled();
    }

    /** Forgets all configuration and translations. */
    void invalidateAll() {
        commands.invalidateAll();
    }

    private boolean mayMerge(int streamId) {
        Route stream = path.stream(settings, streamId, TransactionSlots.inquiry(), generation.current());
        return stream instanceof StreamPolicy policy && policy.merges();
    }

    @Override
    public RegisterFile registers() {
        return registers;
    }

    @Override
    public Optional<AtsModel> ats() {
        return hasAts ? Optional.of(ats) : Optional.empty();
    }

    @Override
    public String subject() {
        return counters.subject();
    }

    @Override
    public Map<String, Long> read() {
        return counters.read();
    }

    @Override
    public List<Integer> streams() {
        return counters.streams();
    }

    @Override
    public Map<String, Long> read(int streamId) {
        return counters.read(streamId);
    }

    @Override
    public void close() {
        off = true;
        ats.close();
        traffic.close();
    }

    @Override
    public int transact(int streamId, int substreamId, long iova, int flags, byte[] data, int offset, int length) {
        return traffic.transact(streamId, substreamId, iova, flags, data, offset, length);
    }

    @Override
    public Translation translate(int streamId, int substreamId, long iova, int flags) {
        return off
                ? new Translation(Translation.Outcome.ABORTED, 0, 0, "")
                : inquiry.ask(settings, streamId, substreamId, iova, flags).translation();
    }

    @Override
    public Explanation explain(int streamId, int substreamId, long iova, int flags) {
        return off
                ? new Trace().explanation(streamId, substreamId, iova, flags)
                : inquiry.explain(settings, streamId, substreamId, iova, flags);
    }

    @Override
    public void listen(Consumer<? super Explanation> listener) {
        traffic.listen(listener);
    }
}
