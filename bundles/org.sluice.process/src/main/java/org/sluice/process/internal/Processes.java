package org.sluice.process.internal;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.api.ProviderMissingException;
import org.sluice.process.Process;
import org.sluice.process.ProcessRequest;
import org.sluice.process.ProcessTable;
import org.sluice.spi.board.Board;
import org.sluice.spi.pgtable.PageTableConfig;
import org.sluice.spi.pgtable.PageTableFormat;
import org.sluice.spi.sva.ProcessAddressSpace;
import org.sluice.spi.sva.ProcessAddressSpaces;

/** Every process, over the boards and formats that are there at the moment. Any thread may call it. */
@Component(
        immediate = true,
        service = {ProcessTable.class, ProcessAddressSpaces.class})
public final class Processes implements ProcessTable, ProcessAddressSpaces {
    private static final System.Logger LOG = System.getLogger("org.sluice.process");

    private final Map<String, Frames> boards = new ConcurrentHashMap<>();
    private final Map<String, PageTableFormat> formats = new ConcurrentHashMap<>();
    private final Map<Long, MemoryProcess> running = new ConcurrentSkipListMap<>();
    private final AtomicLong numbers = new AtomicLong();

    /** Made by the component runtime, or by a test. */
    public Processes() {}

    @Reference(
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void addBoard(Board board) {
        boards.put(board.name(), new Frames(board.memory(), board.allocator()));
    }

    /** The memory goes: so do the processes in it. */
    void removeBoard(Board board) {
        Frames frames = boards.remove(board.name());
        running.values().stream()
                .filter(process -> process.mm().frames() == frames)
                .forEach(Processes::end);
    }

    @Reference(
            cardinality = ReferenceCardinality.MULTIPLE,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    void addFormat(PageTableFormat format) {
        formats.put(format.name(), format);
        of(format.name()).forEach(mm -> {
            try {
                mm.formatCame(format);
            } catch (RuntimeException refused) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "{0} does not take over the tables of process {1}: {2}",
                        format.name(),
                        mm.process(),
                        refused.getMessage());
            }
        });
    }

    void removeFormat(PageTableFormat format) {
        // A successor that came first serves nothing yet: tables change hands here.
        formats.remove(format.name(), format);
        of(format.name()).forEach(AddressSpaceOfProcess::formatLeft);
        PageTableFormat successor = formats.get(format.name());
        if (successor != null) {
            addFormat(successor);
        }
    }

    private List<AddressSpaceOfProcess> of(String format) {
        return running.values().stream()
                .map(MemoryProcess::mm)
                .filter(mm -> mm.tableConfig().format().equals(format))
                .toList();
    }

    /** Ends every process: nobody would own their pages any more. */
    @Deactivate
    public void close() {
        running.values().forEach(Processes::end);
    }

    private static void end(MemoryProcess process) {
        try {
            process.exit();
        } catch (RuntimeException failed) {
            LOG.log(System.Logger.Level.ERROR, "{0} did not end, its pages stay: {1}", process, failed.toString());
        }
    }

    @Override
    public Process start(ProcessRequest request) {
        Frames frames = boards.get(request.board());
        if (frames == null) {
            throw new IommuException(Errno.ENODEV, "no board " + request.board() + ", there are " + boards.keySet());
        }
        PageTableConfig wanted =
                new PageTableConfig(request.format(), Process.PAGE, request.inputBits(), request.outputBits(), true, 0);
        return add(new AddressSpaceOfProcess(
                numbers.incrementAndGet(), format(request.format()), wanted, frames, new Areas()));
    }

    Process fork(MemoryProcess parent) {
        PageTableFormat format = format(parent.mm().tableConfig().format());
        return add(parent.mm().fork(numbers.incrementAndGet(), format));
    }

    private PageTableFormat format(String name) {
        PageTableFormat format = formats.get(name);
        if (format == null) {
            throw new ProviderMissingException("page-table format " + name, "no bundle offers it; no process was made");
        }
        return format;
    }

    private Process add(AddressSpaceOfProcess mm) {
        MemoryProcess process = new MemoryProcess(this, mm);
        running.put(process.number(), process);
        return process;
    }

    void remove(MemoryProcess process) {
        running.remove(process.number());
    }

    @Override
    public Optional<ProcessAddressSpace> find(long process) {
        return Optional.ofNullable(running.get(process)).map(MemoryProcess::mm);
    }

    @Override
    public Optional<Process> process(long number) {
        return Optional.ofNullable(running.get(number));
    }

    @Override
    public List<Process> processes() {
        return List.copyOf(running.values());
    }
}
