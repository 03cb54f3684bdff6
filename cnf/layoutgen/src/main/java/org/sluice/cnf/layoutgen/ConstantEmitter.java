package org.sluice.cnf.layoutgen;

import static org.sluice.cnf.layoutgen.Text.hex;
import static org.sluice.cnf.layoutgen.Text.html;

/** Constants: what identifies the structure, and position and values of each field. */
final class ConstantEmitter {
    private final LayoutFile file;
    private final Text out;

    ConstantEmitter(LayoutFile file, Text out) {
        this.file = file;
        this.out = out;
    }

    void identity() {
        switch (file.kind()) {
            case COMMAND -> constant("Value of Opcode.", "int OPCODE_VALUE = 0x%02x", file.number("opcode"));
            case EVENT -> constant("Value of EventID.", "int EVENT_ID = 0x%02x", file.number("id"));
            case REGISTER -> register();
            case STRUCTURE, ENCODING -> {}
        }
        if (file.kind() != Kind.REGISTER) {
            constant("Size in 64-bit words.", "int WORDS = %d", file.words());
            constant("Size in bytes.", "int BYTES = WORDS * Long.BYTES");
        }
    }

    private void register() {
        constant("Page of 64 KiB.", "int PAGE = %d", file.number("page"));
        constant("Bytes from the start of the page.", "int OFFSET = 0x%02x", file.number("offset"));
        constant("Bytes from the start of the register file.", "int ADDRESS = Register.PAGE_BYTES * PAGE + OFFSET");
        constant("Bits.", "int WIDTH = %d", file.bits());
        String doc = file.resetStated()
                ? "Value after reset."
                : "Value after reset: not stated by the sources, 0 stands for it.";
        constant(doc, "long RESET = %s", hex(file.reset()));
    }

    private void constant(String doc, String format, Object... arguments) {
        out.doc(doc).line("public static final " + format + ";", arguments).blank();
    }

    void field(FieldLine field) {
        String name = field.constant();
        out.line("// %s %s", field.range(), field.name());
        out.line("public static final int %s_WORD = %d;", name, field.word());
        out.line("public static final int %s_LSB = %d;", name, field.lsbInWord());
        out.line("public static final int %s_MSB = %d;", name, field.msbInWord());
        out.line("public static final long %s_MASK = %s;", name, hex(field.mask()));
        field.values().forEach(value -> value(name + "_", value, out));
        out.blank();
    }

    static void value(String prefix, NamedValue value, Text out) {
        if (!value.about().isEmpty()) {
            out.doc(html(JavaNames.capitalized(value.about())) + ".");
        }
        out.line("public static final long %s%s = %s;", prefix, value.name(), hex(value.value()));
    }
}
