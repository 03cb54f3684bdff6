package org.sluice.smmuv3.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.sluice.layout.Field;
import org.sluice.layout.Layout;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr2;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Idr1;
import org.sluice.smmuv3.arch.Idr3;
import org.sluice.smmuv3.arch.Idr5;

/**
 * From a vector's features to the model's properties, with what this model lacks switched off, and to the registers that it
 * is switched on with.
 */
final class VectorIdentity {
    private static final Map<String, Long> ABSENT = Map.of("MPAM", 0L);
    private static final Map<String, Long> OAS =
            Map.of("32", 0L, "36", 1L, "40", 2L, "42", 3L, "44", 4L, "48", 5L, "52", 6L);
    private static final Set<String> SHAPES = Set.of("SPLIT", "LOG2SIZE", "GRAN", "OAS");
    private static final List<Layout> REGISTERS = List.of(Idr0.LAYOUT, Idr1.LAYOUT, Idr3.LAYOUT, Idr5.LAYOUT);

    private VectorIdentity() {}

    static Object[] properties(Vector vector) {
        Map<String, Object> properties = new HashMap<>();
        properties.put("idr5.OAS", OAS.get(vector.features().get("OAS")));
        vector.features().forEach((name, value) -> {
            if (!SHAPES.contains(name) && !isControl(name)) {
                properties.put(property(name), ABSENT.getOrDefault(name, Long.decode(value)));
            }
        });
        // what depends on what is switched off goes with it
        if (!vector.feature("ATS")) {
            properties.remove("idr0.PRI");
            properties.remove("idr0.NS1ATS");
        }
        List<Object> pairs = new ArrayList<>();
        properties.forEach((name, value) -> {
            pairs.add(name);
            pairs.add(value);
        });
        return pairs.toArray();
    }

    private static boolean isControl(String name) {
        return name.startsWith("CR")
                || Cr0.LAYOUT.field(name).isPresent()
                || Cr2.LAYOUT.field(name).isPresent();
    }

    private static String property(String field) {
        for (Layout register : REGISTERS) {
            if (register.field(field).isPresent()) {
                return register.name().toLowerCase(Locale.ROOT) + "." + field;
            }
        }
        return "idr0." + field;
    }

    /** Switches a model on, with the controls that the vector names. */
    static Smmu enable(Vector vector, Smmu smmu) {
        smmu.enable();
        smmu.registers.write32(Cr0.ADDRESS, 0);
        smmu.registers.write32(Cr2.ADDRESS, (int) controls(vector, "CR2", Cr2.LAYOUT, 0));
        long on = Cr0.CMDQEN_MASK | Cr0.EVENTQEN_MASK | Cr0.SMMUEN_MASK;
        smmu.registers.write32(Cr0.ADDRESS, (int) controls(vector, "CR0", Cr0.LAYOUT, on));
        return smmu;
    }

    private static long controls(Vector vector, String register, Layout layout, long word) {
        long changed = word;
        for (Field field : layout.fields()) {
            String value = vector.features().get(register + "." + field.name());
            String changedValue = vector.changes().get(field.name());
            String wanted = changedValue == null ? value : changedValue;
            if (wanted != null && field.kind().isNamed()) {
                changed = changed & ~field.mask() | Long.decode(wanted) << field.lsb();
            }
        }
        return changed;
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
        return "";
    }
}
