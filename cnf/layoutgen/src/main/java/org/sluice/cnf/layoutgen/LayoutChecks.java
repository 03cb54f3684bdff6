package org.sluice.cnf.layoutgen;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import javax.lang.model.SourceVersion;

/** What must hold of a layout file before anything is generated from it. Every problem names the structure and the bit or value. */
final class LayoutChecks {
    private static final List<String> ACCESSES = List.of("RO", "WO", "RW", "guarded", "update");

    private final LayoutFile file;
    private final List<String> problems = new ArrayList<>();

    private LayoutChecks(LayoutFile file) {
        this.file = file;
    }

    /** Problems of one file; empty if it is sound. */
    static List<String> problems(LayoutFile file) {
        LayoutChecks checks = new LayoutChecks(file);
        checks.directives();
        if (checks.problems.isEmpty() && file.kind() != Kind.ENCODING) {
            checks.everyBitIsClaimedOnce();
            checks.fieldsAscend();
            checks.viewsReadNamedBits();
            checks.numberFieldIsFirst();
            file.fields().forEach(f -> checks.values(f.name(), f.values(), f.max()));
            checks.javaNames();
        }
        checks.values(file.name(), file.values(), -1L);
        return checks.problems;
    }

    private void directives() {
        List<String> required = new ArrayList<>(List.of("class", "source"));
        if (file.kind() != Kind.ENCODING) {
            required.add("bits");
        }
        required.addAll(file.kind().required);
        required.removeIf(file::has);
        required.forEach(missing -> problem("has no \"" + missing + "\""));
        if (file.has("access") && !ACCESSES.contains(file.text("access"))) {
            problem("has the access %s, which is none of %s".formatted(file.text("access"), ACCESSES));
        }
        if (file.kind() == Kind.REGISTER && file.text("access").equals("guarded") != file.has("guard")) {
            problem("needs a guard if and only if its access is guarded");
        }
        if (file.has("bits") && file.bits() != Integer.SIZE && file.bits() % Long.SIZE != 0) {
            problem("has %d bits, neither 32 nor a multiple of 64".formatted(file.bits()));
        }
    }

    private void everyBitIsClaimedOnce() {
        FieldLine[] owner = new FieldLine[file.bits()];
        for (FieldLine field : file.fields()) {
            if (field.msb() >= file.bits()) {
                problem("%s %s lies beyond its %d bits".formatted(field.name(), field.range(), file.bits()));
            } else if (field.kind().claims()) {
                for (int bit = field.lsb(); bit <= field.msb(); bit++) {
                    if (owner[bit] != null) {
                        problem("bit %d is claimed by %s and by %s".formatted(bit, label(owner[bit]), label(field)));
                    }
                    owner[bit] = field;
                }
            }
        }
        for (int bit = 0; bit < owner.length; bit++) {
            if (owner[bit] == null) {
                problem("bit %d is claimed by no field".formatted(bit));
            }
        }
    }

    /** Readers look for a bit by its place, and generated tables keep the order of the file. */
    private void fieldsAscend() {
        int last = -1;
        for (FieldLine field : file.fields()) {
            if (field.kind().claims() && field.lsb() < last) {
                problem("%s %s stands below a field of higher bits".formatted(field.name(), field.range()));
            }
            last = field.kind().claims() ? field.lsb() : last;
        }
    }

    private void viewsReadNamedBits() {
        for (FieldLine view : file.fields()) {
            if (!view.kind().claims()) {
                for (FieldLine field : file.fields()) {
                    boolean overlaps = field.lsb() <= view.msb() && view.lsb() <= field.msb();
                    if (overlaps && !field.kind().isNamed()) {
                        problem("view %s reads bits %s, which are %s"
                                .formatted(view.name(), field.range(), field.kind().spelling));
                    }
                }
            }
        }
    }

    /** The queue's readers find the kind of a command or event in its lowest byte. */
    private void numberFieldIsFirst() {
        String expected = switch (file.kind()) {
            case COMMAND -> "Opcode";
            case EVENT -> "EventID";
            case STRUCTURE, REGISTER, ENCODING -> null;
        };
        boolean found = file.fields().stream()
                .anyMatch(f ->
                        f.lsb() == 0 && f.msb() == Byte.SIZE - 1 && f.name().equals(expected));
        if (expected != null && !found) {
            problem("has no %s in bits 7:0".formatted(expected));
        }
    }

    private void values(String owner, List<NamedValue> values, long max) {
        Set<Long> numbers = new HashSet<>();
        Set<String> names = new HashSet<>();
        for (NamedValue value : values) {
            if (Long.compareUnsigned(value.value(), max) > 0) {
                problem("%s value %s is 0x%x, its maximum is 0x%x".formatted(owner, value.name(), value.value(), max));
            }
            if (!numbers.add(value.value()) || !names.add(value.name())) {
                problem("%s names a value twice: 0x%x %s".formatted(owner, value.value(), value.name()));
            }
        }
    }

    private void javaNames() {
        Set<String> names = new HashSet<>();
        for (FieldLine field : file.namedFields()) {
            String accessor = field.accessor();
            if (!SourceVersion.isName(accessor)) {
                problem("%s would be %s in Java, which is no name there".formatted(field.name(), accessor));
            } else if (!names.add(accessor)) {
                problem("two fields would be %s in Java".formatted(accessor));
            }
        }
        Set<String> constants = new HashSet<>();
        for (String constant : constants()) {
            if (!constants.add(constant)) {
                problem("two constants would be %s in Java".formatted(constant));
            }
        }
    }

    private List<String> constants() {
        return file.namedFields().stream()
                .flatMap(f -> {
                    List<String> names = new ArrayList<>();
                    List.of("WORD", "LSB", "MSB", "MASK").forEach(suffix -> names.add(f.constant() + "_" + suffix));
                    f.values().forEach(v -> names.add(f.constant() + "_" + v.name()));
                    return names.stream();
                })
                .collect(Collectors.toList());
    }

    private void problem(String what) {
        problems.add("%s: %s %s".formatted(file.origin(), file.name(), what));
    }

    private static String label(FieldLine field) {
        return field.kind().isNamed() ? field.name() : field.kind().spelling + " " + field.range();
    }
}
