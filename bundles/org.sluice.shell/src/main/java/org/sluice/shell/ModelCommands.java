package org.sluice.shell;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferencePolicyOption;
import org.sluice.spi.board.Board;
import org.sluice.spi.board.Dma;
import org.sluice.spi.board.Endpoint;
import org.sluice.spi.board.ExplainingModel;
import org.sluice.spi.board.IommuModel;
import org.sluice.spi.board.StreamStatistics;

/** Gogo commands about the models of IOMMUs that boards have. They return what the console prints, a line an element. */
@Component(service = ModelCommands.class)
@GogoCommand(
        scope = "sluice",
        function = {"explain", "streams"})
public final class ModelCommands {
    private static final String NO_BOARD = "no board is there: start org.sluice.board.model";
    private static final String NO_MODEL =
            "no board's IOMMU is a model that explains itself, as that of an SMMUv3 does";

    @Reference(policyOption = ReferencePolicyOption.GREEDY)
    private volatile List<Map.Entry<Map<String, Object>, ExplainingModel>> models = List.of();

    @Reference(policyOption = ReferencePolicyOption.GREEDY)
    private volatile List<Board> boards = List.of();

    /** A model and the StreamID that is meant by it. */
    private record Target(String board, ExplainingModel model, int streamId) {}

    /**
     * Explains what an access would meet.
     *
     * @param pasid PASID, or empty for none
     * @param write whether it writes
     * @param execute whether it is an instruction fetch
     * @param privileged whether it is privileged
     * @param device name of an endpoint, or a StreamID
     * @param iova input address
     * @return lines
     */
    @Descriptor("how the IOMMU would decide on an access, step by step")
    public List<String> explain(
            @Parameter(names = "--pasid", absentValue = "") @Descriptor("PASID") String pasid,
            @Parameter(names = "--write", presentValue = "true", absentValue = "false") @Descriptor("a write")
                    boolean write,
            @Parameter(names = "--execute", presentValue = "true", absentValue = "false")
                    @Descriptor("an instruction fetch")
                    boolean execute,
            @Parameter(names = "--privileged", presentValue = "true", absentValue = "false")
                    @Descriptor("a privileged access")
                    boolean privileged,
            @Descriptor("name of a device, or a StreamID") String device,
            @Descriptor("input address") String iova) {
        if (models.isEmpty()) {
            return noModel();
        }
        List<Target> targets = targets(device);
        if (targets.isEmpty()) {
            return List.of("no device and no StreamID is '" + device + "'; sluice:devices lists them");
        }
        Long address = Numbers.parse(iova);
        Long substream = pasid.isEmpty() ? Long.valueOf(Dma.NO_PASID) : Numbers.parse(pasid);
        if (address == null || substream == null) {
            return List.of("'" + (address == null ? iova : pasid) + "' is no number");
        }
        int flags = (write ? IommuModel.WRITE : 0) | (execute ? Dma.EXECUTE : 0) | (privileged ? Dma.PRIVILEGED : 0);
        List<String> lines = new ArrayList<>();
        for (Target target : targets) {
            lines.addAll(ExplanationText.lines(
                    target.board(), target.model().explain(target.streamId(), substream.intValue(), address, flags)));
        }
        return lines;
    }

    private List<String> noModel() {
        return List.of(boards.isEmpty() ? NO_BOARD : NO_MODEL);
    }

    private List<Target> targets(String device) {
        List<Target> targets = new ArrayList<>();
        Long number = Numbers.parse(device);
        for (Map.Entry<Map<String, Object>, ExplainingModel> entry : models) {
            String name = String.valueOf(entry.getKey().get(Board.NAME));
            if (number != null) {
                targets.add(new Target(name, entry.getValue(), number.intValue()));
            } else {
                boards.stream()
                        .filter(board -> board.name().equals(name))
                        .flatMap(board -> board.endpoints().stream())
                        .filter(endpoint -> endpoint.name().equals(device))
                        .map(Endpoint::streamIds)
                        .forEach(ids -> targets.add(new Target(name, entry.getValue(), ids.get(0))));
            }
        }
        return targets;
    }

    /**
     * What each stream did.
     *
     * @return lines
     */
    @Descriptor("counters of every stream that are not 0")
    public List<String> streams() {
        if (models.isEmpty()) {
            return noModel();
        }
        List<String> lines = new ArrayList<>();
        models.stream()
                .sorted(Comparator.comparing(
                        entry -> String.valueOf(entry.getKey().get(Board.NAME))))
                .filter(entry -> entry.getValue() instanceof StreamStatistics)
                .forEach(entry -> {
                    StreamStatistics statistics = (StreamStatistics) entry.getValue();
                    for (int stream : statistics.streams()) {
                        statistics.read(stream).entrySet().stream()
                                .filter(count -> count.getValue() != 0)
                                .map(count -> String.format(
                                        "%s  0x%x  %s  %d",
                                        entry.getKey().get(Board.NAME), stream, count.getKey(), count.getValue()))
                                .forEach(lines::add);
                    }
                });
        return lines;
    }
}
