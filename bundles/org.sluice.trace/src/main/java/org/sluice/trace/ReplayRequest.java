package org.sluice.trace;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;

/**
 * What to replay and how.
 *
 * @param captures folders (captures) or single trace files, plain or {@code .gz}; at least one
 * @param inject defect to plant
 * @param strict whether a malformed line ends the run
 * @param swap whether the format bundle and the driver bundle are updated in the middle of each replay
 * @param pasids private address spaces on each stream, 2 to {@link #MAX_PASIDS}
 * @param machine what stands for the machine of the trace
 */
public record ReplayRequest(
        List<Path> captures, Injection inject, boolean strict, boolean swap, int pasids, MachineKind machine) {
    /** Most private address spaces on a stream. */
    public static final int MAX_PASIDS = 64;

    /** Private address spaces on a stream, where nobody says otherwise. */
    public static final int DEFAULT_PASIDS = 4;

    /** Checks the request. */
    public ReplayRequest {
        captures = List.copyOf(captures);
        Objects.requireNonNull(inject, "inject");
        if (captures.isEmpty()) {
            throw new IommuException(Errno.EINVAL, "captures is empty, at least one file or folder is needed");
        }
        if (pasids < 2 || pasids > MAX_PASIDS) {
            throw new IommuException(Errno.EINVAL, "pasids is " + pasids + ", must be 2 to " + MAX_PASIDS);
        }
        if (inject != Injection.NONE && !machine.injects()) {
            throw new IommuException(
                    Errno.EINVAL,
                    "inject is " + inject.word() + ", but only the model board plants defects, not " + machine.word());
        }
    }

    /**
     * A request for the model.
     *
     * @param captures folders or files
     * @param inject defect to plant
     * @param strict whether a malformed line ends the run
     * @param swap whether bundles are updated in mid-replay
     * @param pasids private address spaces on each stream
     */
    public ReplayRequest(List<Path> captures, Injection inject, boolean strict, boolean swap, int pasids) {
        this(captures, inject, strict, swap, pasids, MachineKind.MODEL);
    }

    /**
     * Everything as it is by default: no defect, tolerant, with swaps.
     *
     * @param captures folders or files
     * @return the request
     */
    public static ReplayRequest of(List<Path> captures) {
        return new ReplayRequest(captures, Injection.NONE, false, true, DEFAULT_PASIDS);
    }

    /**
     * The same with a defect.
     *
     * @param defect what to plant
     * @return the request
     */
    public ReplayRequest withInjection(Injection defect) {
        return new ReplayRequest(captures, defect, strict, swap, pasids, machine);
    }

    /**
     * The same, ending at the first malformed line.
     *
     * @param ends whether it ends
     * @return the request
     */
    public ReplayRequest withStrict(boolean ends) {
        return new ReplayRequest(captures, inject, ends, swap, pasids, machine);
    }

    /**
     * The same with or without swaps.
     *
     * @param swaps whether bundles are updated in mid-replay
     * @return the request
     */
    public ReplayRequest withSwap(boolean swaps) {
        return new ReplayRequest(captures, inject, strict, swaps, pasids, machine);
    }

    /**
     * The same on another machine.
     *
     * @param kind what stands for the machine of the trace
     * @return the request
     */
    public ReplayRequest withMachine(MachineKind kind) {
        return new ReplayRequest(captures, inject, strict, swap, pasids, kind);
    }
}
