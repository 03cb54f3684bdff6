package org.sluice.smmuv3.model;

import java.util.Locale;
import org.sluice.layout.Layout;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Idr1;
import org.sluice.smmuv3.arch.Idr3;
import org.sluice.smmuv3.arch.Idr5;

/** Keeps the ID registers honest: an identity must not announce what the model does not do. */
final class ModelledFeatures {
    private static final int MAX_QUEUE_BITS = 19;
    private static final int MAX_SID_BITS = 32;
    private static final int MAX_SSID_BITS = 20;
    private static final int MAX_STALLS = 0xffff;

    private ModelledFeatures() {}

    /**
     * Rejects an identity that announces too much.
     *
     * @throws org.sluice.api.IommuException EINVAL, naming the field
     */
    static void check(Identity id) {
        absent(Idr0.LAYOUT, id.idr0(), "BTM", "DORMHINT", "SEV");
        absent(Idr0.LAYOUT, id.idr0(), "VMW", "VATOS", "RME");
        if (!id.ats()) {
            absent(Idr0.LAYOUT, id.idr0(), "PRI", "NS1ATS", "ATSRECERR");
        }
        if (!id.pri()) {
            absent(Idr1.LAYOUT, id.idr1(), "PRIQS");
            absent(Idr3.LAYOUT, id.idr3(), "PPS");
        }
        only("idr0.TTF", Idr0.ttf(id.idr0()), Idr0.TTF_AARCH64);
        only("idr0.TTENDIAN", Idr0.ttendian(id.idr0()), Idr0.TTENDIAN_LITTLE);
        atMost("idr0.HTTU", id.httu(), Idr0.HTTU_ACCESS_DIRTY);
        atMost("idr0.STALL_MODEL", Idr0.stallModel(id.idr0()), Idr0.STALL_MODEL_STALL_FORCED);
        atMost("idr0.ST_LEVEL", Idr0.stLevel(id.idr0()), Idr0.ST_LEVEL_TWO_LEVEL);
        absent(Idr1.LAYOUT, id.idr1(), "REL", "ECMDQ");
        absent(Idr1.LAYOUT, id.idr1(), "QUEUES_PRESET", "TABLES_PRESET");
        atMost("idr1.SIDSIZE", id.sidBits(), MAX_SID_BITS);
        atMost("idr1.SSIDSIZE", id.ssidBits(), MAX_SSID_BITS);
        atMost("idr1.CMDQS", id.commandQueueBits(), MAX_QUEUE_BITS);
        atMost("idr1.EVENTQS", id.eventQueueBits(), MAX_QUEUE_BITS);
        atMost("idr1.PRIQS", id.pageRequestQueueBits(), MAX_QUEUE_BITS);
        absent(Idr3.LAYOUT, id.idr3(), "PBHA", "MPAM", "PTWNNC", "DPT", "PASIDTT");
        absent(Idr3.LAYOUT, id.idr3(), "S1PI", "S2PI", "S2PO", "THE", "MTEPERM", "AIE");
        absent(Idr5.LAYOUT, id.idr5(), "D128");
        atMost("idr5.VAX", Idr5.vax(id.idr5()), 1);
        atMost("idr5.STALL_MAX", id.stallMax(), id.stalls() ? MAX_STALLS : 0);
        atMost("idr5.OAS", Idr5.oas(id.idr5()), Idr5.OAS_52BIT);
    }

    private static void absent(Layout register, long word, String... fields) {
        for (String name : fields) {
            long value = register.field(name).orElseThrow().value(word);
            String key = register.name().toLowerCase(Locale.ROOT) + "." + name;
            if (value != 0) {
                throw ModelOptions.invalid(key, Long.toString(value), "this model does not implement it");
            }
        }
    }

    private static void only(String key, long value, long allowed) {
        if (value != allowed) {
            throw ModelOptions.invalid(key, Long.toString(value), "this model implements " + allowed + " only");
        }
    }

    private static void atMost(String key, long value, long limit) {
        if (value > limit) {
            throw ModelOptions.invalid(key, Long.toString(value), "the maximum is " + limit);
        }
    }
}
