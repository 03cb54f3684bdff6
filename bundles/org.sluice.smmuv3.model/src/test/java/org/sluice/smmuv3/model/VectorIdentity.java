package org.sluice.smmuv3.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.sluice.layout.Field;
import org.sluice.layout.Layout;
import org.sluice.smmuv3.arch.CmdSync;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Idr1;
import org.sluice.smmuv3.arch.Idr3;
import org.sluice.smmuv3.arch.Idr5;
import org.sluice.smmuv3.arch.Opcode;
import org.sluice.smmuv3.arch.StreamTableEntry;

/** From a vector's features to the model's properties, with what this model lacks switched off. */
final class VectorIdentity {
    private static final Map<String, Long> ABSENT = Map.of("ATS", 0L, "NS1ATS", 0L, "PRI", 0L, "Hyp", 0L, "MPAM", 0L);
    private static final Map<String, Long> OAS = Map.of("32", 0L, "36", 1L, "40", 2L, "42", 3L, "44", 4L, "48", 5L);
    private static final Set<String> SHAPES = Set.of("SPLIT", "LOG2SIZE", "GRAN", "OAS");
    private static final Set<String> IDR1 = Set.of("SIDSIZE", "SSIDSIZE");
    private static final Set<String> IDR3 = Set.of("STT", "RIL", "MPAM", "XNX");
    private static final Set<String> IDR5 = Set.of("GRAN4K", "GRAN16K", "GRAN64K", "DS", "VAX");

    private VectorIdentity() {}

    static Object[] properties(Vector vector) {
        Map<String, Object> properties = new HashMap<>();
        properties.put("idr5.OAS", OAS.get(vector.features().get("OAS")));
        vector.features().forEach((name, value) -> {
            if (!SHAPES.contains(name)) {
                properties.put(register(name) + "." + name, ABSENT.getOrDefault(name, Long.decode(value)));
            }
        });
        List<Object> pairs = new ArrayList<>();
        properties.forEach((name, value) -> {
            pairs.add(name);
            pairs.add(value);
        });
        return pairs.toArray();
    }

    private static String register(String field) {
        if (IDR1.contains(field)) {
            return "idr1";
        }
        if (IDR3.contains(field)) {
            return "idr3";
        }
        return IDR5.contains(field) ? "idr5" : "idr0";
    }

    /** The ID registers with all that a vector wants, also what the model does not announce. */
    static Identity identity(Vector vector) {
        Identity start = Profile.FULL.identity();
        long idr0 = with(Idr0.LAYOUT, start.idr0(), vector);
        long idr1 = with(Idr1.LAYOUT, start.idr1(), vector);
        long idr3 = with(Idr3.LAYOUT, start.idr3(), vector);
        long idr5 = with(Idr5.LAYOUT, start.idr5(), vector);
        idr5 = Idr5.withOas(idr5, OAS.get(vector.features().get("OAS")));
        return new Identity(idr0, idr1, idr3, idr5, start.iidr(), start.aidr());
    }

    private static long with(Layout register, long word, Vector vector) {
        long changed = word;
        for (Field field : register.fields()) {
            String value = vector.features().get(field.name());
            if (value != null && field.kind().isNamed() && !SHAPES.contains(field.name())) {
                changed = changed & ~field.mask() | Long.decode(value) << field.lsb();
            }
        }
        return changed;
    }

    /** Why a vector cannot be run on this model; empty if it can. */
    static String missing(Vector vector) {
        for (Map.Entry<String, Long> absent : ABSENT.entrySet()) {
            String wanted = vector.changes().get(absent.getKey());
            if (wanted != null && !Long.decode(wanted).equals(absent.getValue())) {
                return "needs " + absent.getKey() + "=" + wanted;
            }
        }
        return switch (vector.kind()) {
            case "STE" -> missingForStream(vector);
            case "CMD" -> missingForCommand(vector);
            default -> "";
        };
    }

    private static String missingForStream(Vector vector) {
        long[] ste = vector.input();
        if (StreamTableEntry.eats(ste[1]) != 0 && vector.feature("ATS")) {
            return "needs ATS=1";
        }
        return "";
    }

    private static String missingForCommand(Vector vector) {
        return switch ((int) CmdSync.opcode(vector.input()[0])) {
            case Opcode.ATC_INV -> vector.feature("ATS") ? "needs ATS=1" : "";
            default -> "";
        };
    }
}
