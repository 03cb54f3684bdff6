package org.sluice.smmuv3.driver;

import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.sluice.api.Errno;
import org.sluice.api.IommuException;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Idr1;
import org.sluice.smmuv3.arch.Idr3;
import org.sluice.smmuv3.arch.Idr5;
import org.sluice.spi.bus.RegisterFile;

/**
 * What the ID registers say, as far as this driver uses it.
 *
 * @param streamBits width of a StreamID
 * @param substreamBits width of a SubstreamID, 0 for none
 * @param asidBits width of an ASID
 * @param vmidBits width of a VMID
 * @param stall whether and how faulting transactions stall
 * @param commandQueueLog2 largest command queue, log2 of entries
 * @param eventQueueLog2 largest event queue, log2 of entries
 * @param pageRequestQueueLog2 largest page request queue, log2 of entries
 * @param pageSizes bitmap of leaf sizes in bytes
 * @param outputBits width of a physical address; not every granule reaches all of it
 * @param supported everything that is there or not
 */
record Features(
        int streamBits,
        int substreamBits,
        int asidBits,
        int vmidBits,
        Stall stall,
        int commandQueueLog2,
        int eventQueueLog2,
        int pageRequestQueueLog2,
        long pageSizes,
        int outputBits,
        Set<Feature> supported) {

    /** The stall models of IDR0. */
    enum Stall {
        /** A fault terminates or stalls, as the stream's configuration says. */
        SELECTABLE,
        /** A fault terminates; the fields that ask for stalls must be 0. */
        NEVER,
        /** A fault stalls; the fields that ask for stalls must say so. */
        ALWAYS
    }

    private static final int[] OUTPUT_BITS = {32, 36, 40, 42, 44, 48, 52};
    private static final int LONG_TAG_BITS = 16;
    private static final int SHORT_TAG_BITS = 8;
    private static final long KIB = 1L << 10;
    private static final long MIB = 1L << 20;
    private static final long GIB = 1L << 30;
    private static final long TIB = 1L << 40;

    /** Firmware's word for an SMMU whose own accesses are cache coherent, whatever IDR0.COHACC says. */
    private static final String COHERENT = "dma-coherent";

    /** Copies the set. */
    Features {
        supported = Set.copyOf(supported);
    }

    /** Whether it can do something. */
    boolean has(Feature feature) {
        return supported.contains(feature);
    }

    /** The same without something. */
    Features without(Feature feature) {
        Set<Feature> rest = EnumSet.noneOf(Feature.class);
        rest.addAll(supported);
        rest.remove(feature);
        return new Features(
                streamBits,
                substreamBits,
                asidBits,
                vmidBits,
                stall,
                commandQueueLog2,
                eventQueueLog2,
                pageRequestQueueLog2,
                pageSizes,
                outputBits,
                rest);
    }

    /**
     * Reads and judges the ID registers.
     *
     * @param registers the SMMU's
     * @param properties of firmware: {@code dma-coherent} overrides IDR0.COHACC
     * @return the features
     * @throws IommuException ENXIO or EOPNOTSUPP for hardware that this driver cannot drive, naming register, field and value
     */
    static Features identify(RegisterFile registers, Map<String, String> properties) {
        long idr0 = ControlRegisters.read32(registers, Idr0.ADDRESS);
        long idr1 = ControlRegisters.read32(registers, Idr1.ADDRESS);
        long idr3 = ControlRegisters.read32(registers, Idr3.ADDRESS);
        long idr5 = ControlRegisters.read32(registers, Idr5.ADDRESS);
        requireTranslation(idr0);
        requireCoherence(idr0, properties);
        requireOwnTables(idr1);
        return new Features(
                (int) Idr1.sidsize(idr1),
                Idr0.s1p(idr0) != 0 ? (int) Idr1.ssidsize(idr1) : 0,
                Idr0.asid16(idr0) != 0 ? LONG_TAG_BITS : SHORT_TAG_BITS,
                Idr0.vmid16(idr0) != 0 ? LONG_TAG_BITS : SHORT_TAG_BITS,
                stallModel(idr0),
                (int) Idr1.cmdqs(idr1),
                (int) Idr1.eventqs(idr1),
                (int) Idr1.priqs(idr1),
                pageSizes(idr5),
                outputBits(idr5),
                supported(idr0, idr3, idr5));
    }

    private static Set<Feature> supported(long idr0, long idr3, long idr5) {
        Set<Feature> found = EnumSet.noneOf(Feature.class);
        add(found, Feature.STAGE1, Idr0.s1p(idr0) != 0);
        add(found, Feature.STAGE2, Idr0.s2p(idr0) != 0);
        add(found, Feature.NESTING, Idr0.s1p(idr0) != 0 && Idr0.s2p(idr0) != 0);
        add(found, Feature.TWO_LEVEL_STREAM_TABLE, streamTableLevels(idr0));
        add(found, Feature.TWO_LEVEL_CONTEXT_TABLE, Idr0.cd2l(idr0) != 0);
        add(found, Feature.HYPERVISOR, Idr0.hyp(idr0) != 0);
        add(found, Feature.RANGE_INVALIDATION, Idr3.ril(idr3) != 0);
        add(found, Feature.BROADCAST_INVALIDATION, Idr0.btm(idr0) != 0);
        add(found, Feature.MESSAGES, Idr0.msi(idr0) != 0);
        add(found, Feature.WAKE_EVENTS, Idr0.sev(idr0) != 0);
        add(found, Feature.ATS, Idr0.ats(idr0) != 0);
        add(found, Feature.PAGE_REQUESTS, Idr0.ats(idr0) != 0 && Idr0.pri(idr0) != 0);
        add(found, Feature.ACCESS_FLAG_UPDATE, Idr0.httu(idr0) != Idr0.HTTU_NONE);
        add(found, Feature.DIRTY_UPDATE, Idr0.httu(idr0) >= Idr0.HTTU_ACCESS_DIRTY);
        add(found, Feature.FORCED_WRITE_BACK, Idr3.fwb(idr3) != 0);
        add(found, Feature.LARGE_DESCRIPTORS, Idr5.ds(idr5) != 0);
        add(found, Feature.LARGE_INPUTS, Idr5.vax(idr5) != 0);
        return found;
    }

    private static void add(Set<Feature> found, Feature feature, boolean there) {
        if (there) {
            found.add(feature);
        }
    }

    private static void requireCoherence(long idr0, Map<String, String> properties) {
        if (Idr0.cohacc(idr0) == 0 && !properties.containsKey(COHERENT)) {
            throw refusal(
                    Errno.EOPNOTSUPP,
                    "IDR0.COHACC",
                    0,
                    "tables and queues would need cache maintenance, which the memory of a board does not offer"
                            + " (firmware that knows better says dma-coherent)");
        }
    }

    private static void requireTranslation(long idr0) {
        if (Idr0.s1p(idr0) == 0 && Idr0.s2p(idr0) == 0) {
            throw refusal(Errno.EOPNOTSUPP, "IDR0.S1P and S2P", 0, "a stage of translation is needed");
        }
        long formats = Idr0.ttf(idr0);
        if (formats != Idr0.TTF_AARCH64 && formats != Idr0.TTF_BOTH) {
            throw refusal(Errno.EOPNOTSUPP, "IDR0.TTF", formats, "AArch64 tables are needed");
        }
        long endian = Idr0.ttendian(idr0);
        if (endian != Idr0.TTENDIAN_LITTLE && endian != Idr0.TTENDIAN_MIXED) {
            throw refusal(Errno.EOPNOTSUPP, "IDR0.TTENDIAN", endian, "little-endian tables are needed");
        }
    }

    private static void requireOwnTables(long idr1) {
        if (Idr1.tablesPreset(idr1) != 0) {
            throw refusal(Errno.ENXIO, "IDR1.TABLES_PRESET", 1, "a stream table at a fixed address is not supported");
        }
        if (Idr1.queuesPreset(idr1) != 0) {
            throw refusal(Errno.ENXIO, "IDR1.QUEUES_PRESET", 1, "queues at fixed addresses are not supported");
        }
        if (Idr1.rel(idr1) != 0) {
            throw refusal(Errno.ENXIO, "IDR1.REL", 1, "relative base addresses are not supported");
        }
    }

    private static boolean streamTableLevels(long idr0) {
        long levels = Idr0.stLevel(idr0);
        if (levels != Idr0.ST_LEVEL_LINEAR && levels != Idr0.ST_LEVEL_TWO_LEVEL) {
            throw refusal(Errno.ENXIO, "IDR0.ST_LEVEL", levels, "the value is reserved");
        }
        return levels == Idr0.ST_LEVEL_TWO_LEVEL;
    }

    private static Stall stallModel(long idr0) {
        long model = Idr0.stallModel(idr0);
        if (model == Idr0.STALL_MODEL_STALL_AND_TERMINATE) {
            return Stall.SELECTABLE;
        }
        if (model == Idr0.STALL_MODEL_TERMINATE_ONLY) {
            return Stall.NEVER;
        }
        if (model == Idr0.STALL_MODEL_STALL_FORCED) {
            return Stall.ALWAYS;
        }
        throw refusal(Errno.ENXIO, "IDR0.STALL_MODEL", model, "the value is reserved");
    }

    private static long pageSizes(long idr5) {
        long sizes = 0;
        if (Idr5.gran4k(idr5) != 0) {
            sizes |= 4 * KIB | 2 * MIB | GIB | (Idr5.ds(idr5) != 0 ? 512 * GIB : 0);
        }
        if (Idr5.gran16k(idr5) != 0) {
            sizes |= 16 * KIB | 32 * MIB | (Idr5.ds(idr5) != 0 ? 64 * GIB : 0);
        }
        if (Idr5.gran64k(idr5) != 0) {
            sizes |= 64 * KIB | 512 * MIB | (outputBits(idr5) > ContextTables.USUAL_BITS ? 4 * TIB : 0);
        }
        if (sizes == 0) {
            throw refusal(Errno.ENXIO, "IDR5.GRAN4K, GRAN16K and GRAN64K", 0, "one granule is needed");
        }
        return sizes;
    }

    private static int outputBits(long idr5) {
        // Reserved encodings act as the largest size.
        int oas = (int) Idr5.oas(idr5);
        return OUTPUT_BITS[Math.min(oas, OUTPUT_BITS.length - 1)];
    }

    private static IommuException refusal(Errno errno, String field, long value, String why) {
        return new IommuException(errno, String.format("%s is %d: %s", field, value, why));
    }
}
