package org.sluice.trace.internal.machine;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.spi.memory.MemoryRegion;
import org.sluice.trace.Injection;
import org.sluice.trace.MachineKind;
import org.sluice.trace.internal.LongRanges;
import org.sluice.trace.internal.capture.TableForm;
import org.sluice.trace.internal.capture.TraceSurvey;

/**
 * The machine that a trace needs: a StreamID for each device, memory at every physical address that the trace names, and a
 * pool for the platform's own tables and queues at none of them.
 *
 * @param board name of the board
 * @param streams StreamID by device
 * @param memory disjoint regions, the pool among them
 * @param pool for tables and queues
 * @param pasidBits width of the PASIDs of each device
 * @param kind of what it is made
 * @param form of the captured kernel's tables, which the platform is to write too
 */
public record MachinePlan(
        String board,
        Map<String, Integer> streams,
        List<MemoryRegion> memory,
        MemoryRegion pool,
        int pasidBits,
        MachineKind kind,
        TableForm form) {
    /** The pool is sparse: its size costs nothing. Tables for a million scattered pages fit. */
    private static final long POOL_BYTES = 1L << 30;

    /** Output addresses of the IOMMU may have no more bits than this, so tables lie below. */
    private static final int POOL_BITS = 44;

    /** Regions are merged over gaps until there are no more than this. */
    private static final int MOST_REGIONS = 256;

    private static final long SMALLEST_GAP = 1 << 16;
    private static final int FEWEST_PASID_BITS = 10;

    /** IDR0.STALL_MODEL: a fault stalls or terminates, as the context says. */
    private static final String STALL_AND_TERMINATE = "0";

    /** Where the memory of QEMU's machine begins; what a trace names below is a device there. */
    private static final long QEMU_MEMORY = 0x4000_0000L;

    /** Pool behind the memory that the trace names: QEMU's is one piece, and lies on the host. */
    private static final long QEMU_POOL_BYTES = 1L << 28;

    /**
     * Plans a machine.
     *
     * @param board name of the board, unique in the container
     * @param survey of the trace
     * @param form of the captured kernel's tables
     * @param pasids PASIDs that each stream needs
     * @return the plan
     */
    public static MachinePlan of(String board, TraceSurvey survey, TableForm form, int pasids) {
        LongRanges physical = merge(survey.physical());
        MemoryRegion pool = pool(physical);
        List<MemoryRegion> regions = new ArrayList<>();
        physical.forEach((first, last) -> regions.add(new MemoryRegion(first, last - first + 1)));
        regions.add(pool);
        Map<String, Integer> streams = capturedStreams(survey);
        int largest = (pasids + 1) * streams.size();
        int bits = Math.max(FEWEST_PASID_BITS, Integer.SIZE - Integer.numberOfLeadingZeros(largest));
        return new MachinePlan(board, streams, List.copyOf(regions), pool, Math.min(bits, 20), MachineKind.MODEL, form);
    }

    /**
     * Plans a machine that QEMU can be: one piece of memory, no PASIDs, every device on bus 0.
     *
     * @param board name of the board, unique in the container
     * @param survey of the trace
     * @param form of the captured kernel's tables
     * @return the plan
     */
    public static MachinePlan ofQemu(String board, TraceSurvey survey, TableForm form) {
        long[] end = {QEMU_MEMORY};
        survey.physical().forEach((first, last) -> {
            if (Long.compareUnsigned(last + 1, end[0]) > 0) {
                end[0] = last + 1;
            }
        });
        MemoryRegion pool = new MemoryRegion(end[0] + QEMU_POOL_BYTES - 1 & -QEMU_POOL_BYTES, QEMU_POOL_BYTES);
        MemoryRegion memory = new MemoryRegion(QEMU_MEMORY, pool.last() + 1 - QEMU_MEMORY);
        return new MachinePlan(
                board, StreamIds.onBusZero(capturedStreams(survey)), List.of(memory), pool, 0, MachineKind.QEMU, form);
    }

    /**
     * StreamIDs that the devices of a trace had.
     *
     * @param survey of the trace
     * @return StreamID by device
     */
    public static Map<String, Integer> capturedStreams(TraceSurvey survey) {
        return StreamIds.of(survey.devices().keySet());
    }

    /**
     * Name of the IOMMU.
     *
     * @return unique in the container
     */
    public String iommu() {
        return board + "-smmu";
    }

    /**
     * Devices whose StreamID their name does not tell: each got a free one.
     *
     * @param devices names
     * @return those that are no PCI functions of segment 0
     */
    public static List<String> withoutRequesterId(Collection<String> devices) {
        return devices.stream().filter(device -> !StreamIds.isRequester(device)).toList();
    }

    /**
     * Whether the devices wait while a fault of theirs is repaired. Not where a defect may swallow the answer: they would wait
     * for ever.
     *
     * @param inject defect between driver and device
     * @return true if they wait
     */
    public static boolean stalls(Injection inject) {
        return inject == Injection.NONE;
    }

    /**
     * The plan as a configuration of the board of its kind.
     *
     * @param inject defect between driver and device
     * @return properties
     */
    Dictionary<String, Object> properties(Injection inject) {
        Dictionary<String, Object> properties = new Hashtable<>();
        properties.put("name", board);
        properties.put("memory", memory.stream().map(MachinePlan::text).toArray(String[]::new));
        properties.put("pool", text(pool));
        properties.put("iommu.name", iommu());
        String more = "";
        if (kind == MachineKind.MODEL) {
            properties.put("iommu.profile", "full");
            if (form.stage() == 2 && !form.forcedWriteBack()) {
                properties.put("iommu.idr3.FWB", 0);
            }
            properties.put("inject", inject.word());
            more = ";pasids=" + pasidBits;
            if (stalls(inject)) {
                properties.put("iommu.idr0.STALL_MODEL", STALL_AND_TERMINATE);
                more += ";stall=true";
            }
        }
        List<String> endpoints = new ArrayList<>();
        for (Map.Entry<String, Integer> stream : streams.entrySet()) {
            endpoints.add(String.format("%s;sid=0x%x%s", stream.getKey(), stream.getValue(), more));
        }
        properties.put("endpoints", endpoints.toArray(String[]::new));
        return properties;
    }

    private static String text(MemoryRegion region) {
        return String.format("0x%x+0x%x", region.base(), region.size());
    }

    /** A machine with thousands of islands of memory is not wanted: small gaps become memory that nobody touches. */
    private static LongRanges merge(LongRanges ranges) {
        LongRanges merged = ranges;
        for (long gap = SMALLEST_GAP; merged.count() > MOST_REGIONS; gap <<= 1) {
            LongRanges coarse = new LongRanges();
            long mask = -(gap << 1);
            merged.forEach((first, last) -> coarse.add(first & mask, (last | ~mask) - (first & mask) + 1));
            merged = coarse;
        }
        return merged;
    }

    private static MemoryRegion pool(LongRanges physical) {
        for (long base = POOL_BYTES; base >>> POOL_BITS == 0; base += POOL_BYTES) {
            if (!physical.overlaps(base, POOL_BYTES)) {
                return new MemoryRegion(base, POOL_BYTES);
            }
        }
        throw new IommuException(
                Errno.ENOMEM,
                "trace names a physical page in every GiB below 2^" + POOL_BITS + ", no room is left for tables");
    }
}
