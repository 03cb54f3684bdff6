package org.sluice.cnf.layoutgen;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What must hold between the layout files of one package. */
final class LayoutSetChecks {
    private LayoutSetChecks() {}

    /** Problems between files: a class, an opcode, an event or an address that two of them have. */
    static List<String> problems(List<LayoutFile> files) {
        List<String> problems = new ArrayList<>();
        Map<String, String> seen = new HashMap<>();
        for (LayoutFile file : files) {
            for (String key : keys(file)) {
                String other = seen.putIfAbsent(key, file.origin());
                if (other != null) {
                    problems.add("%s and %s both have %s".formatted(other, file.origin(), key));
                }
            }
        }
        problems.addAll(unknownGuards(files));
        return problems;
    }

    /** A guard is one or more {@code REGISTER.field}, which must exist: a model looks them up. */
    private static List<String> unknownGuards(List<LayoutFile> files) {
        Set<String> enables = files.stream()
                .flatMap(file -> file.namedFields().stream().map(field -> file.name() + "." + field.name()))
                .collect(Collectors.toSet());
        return files.stream()
                .flatMap(file -> file.all("guard").stream()
                        .flatMap(guard -> Stream.of(guard.split(",\\s*")))
                        .filter(guard -> !enables.contains(guard))
                        .map(guard -> "%s: %s has the guard %s, which no register has"
                                .formatted(file.origin(), file.name(), guard)))
                .toList();
    }

    private static List<String> keys(LayoutFile file) {
        List<String> keys = new ArrayList<>(List.of("class " + file.className()));
        switch (file.kind()) {
            case COMMAND -> keys.add("opcode 0x%02x".formatted(file.number("opcode")));
            case EVENT -> keys.add("event 0x%02x".formatted(file.number("id")));
            case REGISTER ->
                keys.add("register page %d offset 0x%x".formatted(file.number("page"), file.number("offset")));
            case STRUCTURE, ENCODING -> {}
        }
        return keys;
    }
}
