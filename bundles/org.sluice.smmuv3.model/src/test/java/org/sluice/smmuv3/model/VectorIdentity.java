package org.sluice.smmuv3.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.sluice.api.IommuException;
import org.sluice.layout.Field;
import org.sluice.layout.Layout;
import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr2;
import org.sluice.smmuv3.arch.Gbpa;
import org.sluice.smmuv3.arch.Idr0;
import org.sluice.smmuv3.arch.Idr1;
import org.sluice.smmuv3.arch.Idr3;
import org.sluice.smmuv3.arch.Idr5;
import org.sluice.smmuv3.arch.StrtabBaseCfg;

/**
 * From a vector's features to the model's properties, with what this model lacks switched off, and to the registers that it
 * is switched on with. A feature is any field of an ID register by its name in the layout, with the register's name before it
 * or not, or one of the aliases here.
 */
final class VectorIdentity {
    /** What this model has with one value only, which is the vectors' own. */
    private static final Map<String, Long> FIXED = Map.of("MPAM", 0L, "TTF", 2L, "TTENDIAN", 2L, "RME", 0L, "D128", 0L);
    /** What this model does not have, and no vector can tell. */
    private static final Set<String> WITHOUT_TRACE = Set.of("BTM", "SEV", "DORMHINT", "VMW", "PBHA", "PTWNNC");

    private static final Map<String, Long> OAS =
            Map.of("32", 0L, "36", 1L, "40", 2L, "42", 3L, "44", 4L, "48", 5L, "52", 6L);
    private static final Set<String> SHAPES = Set.of("SPLIT", "LOG2SIZE", "FMT");
    private static final List<Layout> IDENTITY = List.of(Idr0.LAYOUT, Idr1.LAYOUT, Idr3.LAYOUT, Idr5.LAYOUT);

    private static final List<Layout> CONTROLS = List.of(Cr0.LAYOUT, Cr2.LAYOUT, Gbpa.LAYOUT, StrtabBaseCfg.LAYOUT);

    private VectorIdentity() {}

    /** The features by register and field, such as {@code idr0.S1P}, as the vector wants them. */
    private static Map<String, Long> wanted(Vector vector) {
        Map<String, Long> wanted = new TreeMap<>();
        String granules = vector.features().get("GRAN");
        for (String granule : List.of("4K", "16K", "64K")) {
            boolean there =
                    granules == null || Arrays.asList(granules.split(",")).contains(granule);
            wanted.put("idr5.GRAN" + granule, there ? 1L : 0L);
        }
        vector.features().forEach((name, value) -> {
            String field = name.replaceFirst("^(SMMU_)?IDR[0-9]+\\.", "");
            if (field.equals("OAS")) {
                wanted.put("idr5.OAS", OAS.getOrDefault(value, Long.decode(value)));
            } else if (!SHAPES.contains(field) && !field.equals("GRAN") && !isControl(vector, name)) {
                wanted.put(property(field, vector), Long.decode(value));
            }
        });
        return wanted;
    }

    static Object[] properties(Vector vector) {
        Map<String, Object> properties = new HashMap<>(wanted(vector));
        FIXED.forEach((name, value) -> properties.computeIfPresent(property(name, vector), (key, old) -> value));
        WITHOUT_TRACE.forEach(name -> properties.remove(property(name, vector)));
        // what depends on what is switched off goes with it
        if (!vector.feature("ATS")) {
            properties.remove("idr0.PRI");
            properties.remove("idr0.NS1ATS");
        }
        if (isSecure(vector)) {
            // without S_CR0.NSSTALLD there is no choice between models
            properties.put("secure", true);
            properties.put("idr0.STALL_MODEL", Idr0.STALL_MODEL_TERMINATE_ONLY);
        }
        List<Object> pairs = new ArrayList<>();
        properties.forEach((name, value) -> {
            pairs.add(name);
            pairs.add(value);
        });
        return pairs.toArray();
    }

    /** Whether a command is of the Secure queue. */
    static boolean isSecure(Vector vector) {
        return vector.kind().equals("CMD") && (vector.stimulusSays("s") || vector.stimulusSays("secure"));
    }

    private static boolean isControl(Vector vector, String name) {
        return CONTROLS.stream().anyMatch(register -> name.startsWith(register.name() + "."))
                || Cr0.LAYOUT.field(name).isPresent()
                || Cr2.LAYOUT.field(name).isPresent()
                || vector.kind().equals("CD") && VectorStream.isField(name);
    }

    private static String property(String field, Vector vector) {
        for (Layout register : IDENTITY) {
            if (register.field(field).isPresent()) {
                return register.name().toLowerCase(Locale.ROOT) + "." + field;
            }
        }
        throw new AssertionError(String.format(
                "%s %s changes '%s', which is no field of an ID register (IDR0, 1, 3, 5) or of a control (%s)",
                vector.kind(),
                vector.id(),
                field,
                CONTROLS.stream().map(Layout::name).toList()));
    }

    /** Switches a model on, with the controls that the vector names. */
    static Smmu enable(Vector vector, Smmu smmu) {
        smmu.enable();
        smmu.registers.write32(Cr0.ADDRESS, 0);
        smmu.registers.write32(Cr2.ADDRESS, (int) controls(vector, Cr2.LAYOUT, 0));
        smmu.registers.write32(StrtabBaseCfg.ADDRESS, (int)
                controls(vector, StrtabBaseCfg.LAYOUT, smmu.registers.read32(StrtabBaseCfg.ADDRESS)));
        smmu.registers.write32(Gbpa.ADDRESS, (int)
                (controls(vector, Gbpa.LAYOUT, smmu.registers.read32(Gbpa.ADDRESS)) | Gbpa.UPDATE_MASK));
        long on = Cr0.CMDQEN_MASK | Cr0.EVENTQEN_MASK | Cr0.SMMUEN_MASK;
        smmu.registers.write32(Cr0.ADDRESS, (int) controls(vector, Cr0.LAYOUT, on));
        return smmu;
    }

    private static long controls(Vector vector, Layout layout, long word) {
        long changed = word;
        for (Field field : layout.fields()) {
            String value = vector.features().get(layout.name() + "." + field.name());
            boolean alone = layout == Cr0.LAYOUT || layout == Cr2.LAYOUT;
            String changedValue = alone ? vector.changes().get(field.name()) : null;
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
        Map<String, Long> wanted = wanted(vector);
        return new Identity(
                with(Idr0.LAYOUT, start.idr0(), wanted),
                with(Idr1.LAYOUT, start.idr1(), wanted),
                with(Idr3.LAYOUT, start.idr3(), wanted),
                with(Idr5.LAYOUT, start.idr5(), wanted),
                start.iidr(),
                start.aidr());
    }

    private static long with(Layout register, long word, Map<String, Long> wanted) {
        long changed = word;
        for (Field field : register.fields()) {
            Long value = wanted.get(register.name().toLowerCase(Locale.ROOT) + "." + field.name());
            if (value != null) {
                changed = changed & ~field.mask() | value << field.lsb();
            }
        }
        return changed;
    }

    /** Why a vector cannot be run on this model; empty if it can. */
    static String missing(Vector vector) {
        Map<String, Long> wanted = wanted(vector);
        for (Map.Entry<String, Long> fixed : FIXED.entrySet()) {
            Long value = wanted.get(property(fixed.getKey(), vector));
            if (value != null && !value.equals(fixed.getValue())) {
                return "needs " + fixed.getKey() + "=" + value;
            }
        }
        try {
            Smmu.reset(properties(vector));
            return "";
        } catch (IommuException refused) {
            return refused.getMessage();
        }
    }
}
