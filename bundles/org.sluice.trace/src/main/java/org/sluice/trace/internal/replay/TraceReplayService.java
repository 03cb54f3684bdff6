package org.sluice.trace.internal.replay;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.osgi.framework.BundleContext;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.sluice.api.Iommu;
import org.sluice.trace.MachineKind;
import org.sluice.trace.ReplayProgress;
import org.sluice.trace.ReplayReport;
import org.sluice.trace.ReplayRequest;
import org.sluice.trace.TraceReplay;
import org.sluice.trace.internal.capture.Capture;
import org.sluice.trace.internal.capture.TableForm;
import org.sluice.trace.internal.capture.TraceSurvey;
import org.sluice.trace.internal.machine.Machine;
import org.sluice.trace.internal.machine.MachinePlan;
import org.sluice.trace.internal.machine.MachineRoom;
import org.sluice.trace.internal.swap.BundleUpdates;

/** Replays captures in this container, one at a time: the lock is held for a whole replay. */
@Component
public final class TraceReplayService implements TraceReplay {
    /** An event takes microseconds to arrive, unless the machine is very busy. */
    private static final long EVENT_PATIENCE_MILLIS = 5_000;

    private final BundleContext context;
    private final MachineRoom machines;
    private int boards;

    /**
     * Takes what never changes: the core is not swapped.
     *
     * @param context of this bundle
     * @param configurations where boards are configured
     * @param iommu the core
     */
    @Activate
    public TraceReplayService(
            BundleContext context, @Reference ConfigurationAdmin configurations, @Reference Iommu iommu) {
        this.context = context;
        this.machines = new MachineRoom(context, configurations, iommu);
    }

    @Override
    public synchronized ReplayReport replay(ReplayRequest request, ReplayProgress progress) {
        // Every capture is opened before the first is replayed, so that a mistake in the last shows at once.
        List<Capture> captures = request.captures().stream().map(Capture::of).toList();
        List<ReplayReport> reports = new ArrayList<>();
        try (BundleUpdates updates = new BundleUpdates(context)) {
            for (Capture capture : captures) {
                reports.add(replay(capture, request, updates, progress));
            }
        }
        return ReportSum.of(reports);
    }

    private ReplayReport replay(
            Capture capture, ReplayRequest request, BundleUpdates updates, ReplayProgress progress) {
        progress.begin(capture.name(), "reading", 0);
        TraceSurvey survey = TraceSurvey.of(capture.trace(), request.strict());
        TableForm form = TableForm.of(survey, capture.mappings());
        String board = "replay-" + ++boards;
        MachinePlan plan = request.machine() == MachineKind.QEMU
                ? MachinePlan.ofQemu(board, survey, form)
                : MachinePlan.of(board, survey, form, request.pasids());
        progress.begin(capture.name(), "building the machine", 0);
        try (Machine machine = machines.build(plan, request.inject())) {
            CaptureReplay replay = new CaptureReplay(
                    capture, survey, form, machine, request, Optional.of(updates), progress, EVENT_PATIENCE_MILLIS);
            return replay.run();
        }
    }
}
