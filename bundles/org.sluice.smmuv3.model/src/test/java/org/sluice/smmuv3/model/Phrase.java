package org.sluice.smmuv3.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumSet;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The words in which vectors say what they expect. A vector may say more, as a remark; one that says nothing of what is known
 * of its kind is an error, not a success.
 */
enum Phrase {
    EVENT("name of an event", "\\b[CFE]_[A-Z_]+"),
    COMMAND_ERROR("name of a command error", "\\bCERROR_[A-Z_]+"),
    NO_EVENT("no event", "no event|silent|without (an )?event|not recorded|no record|unrecorded"),
    ABORTED("abort", "abort|terminat"),
    HIDDEN("RAZ/WI", "RAZ"),
    STALLED("stall", "stall"),
    BYPASSED("bypass", "bypass|pass(es)? through|\\b[IP]A ?= ?[IPV]A\\b"),
    RESERVED("RES0: a choice", "RES0|ignore,? or|either|implementation choice"),
    CONTEXT("FETCH CD [@address] [index n] [via s2]", "\\bCDs?\\b|\\bCD[\\[\\d]"),
    FIRST_LEVEL("READ L1CD @address, leaf index n", "L1CD"),
    SECOND_STAGE("stage 2 or s2", "\\bs2|stage[- ]?2|\\bIPA\\b"),
    UPPER_HALF("WALK TTB1", "TTB1"),
    WALKED("WALK TTB0", "walk|translat|TTB0"),
    ENTRY("STE @address", "\\bSTE (@|at |addr)"),
    RANGE("[first,end)", "\\[0x[0-9a-f]+, ?0x[0-9a-f]+\\)"),
    ADDRESS("single address n", "single (address|page|granule) 0x"),
    STREAMS("SIDs first..last", "\\bSIDs? (0x|\\d)|\\d SIDs|(all|every) SIDs?|all streams|all StreamIDs|CFGI_ALL"),
    WRITE("write32 value @address", "write32"),
    SIGNAL("IRQ, MSI, signal, event", "IRQ|interrupt|MSI|signal|SEV"),
    LEGAL(
            "legal, ignored, what goes and what stays",
            "legal|no CERROR|CERROR_NONE|CONS\\b|every|entire|whole|\\bATC|span|page|range|\\bok\\b|accept|execut|complet|consum|success|valid|no error|no-?op|ignore|no effect|nothing|none"
                    + "|drop|entries|global|\\bAS?ID\\b|VMID|leaf|leaves|level|all|resum|retr|prefetch|respon|hint"),
    FULL("full", "\\bfull\\b"),
    EMPTY("empty", "\\bempty\\b"),
    ENTRIES("n entries, n free, indices i,j", "\\d+ (entr|free)|\\bindex|\\bindices"),
    OVERFLOW("overflow", "overflow|OVFLG|OVACKFLG");

    private final String description;
    private final Pattern pattern;

    Phrase(String description, String pattern) {
        this.description = description;
        this.pattern = Pattern.compile(pattern, Pattern.CASE_INSENSITIVE);
    }

    boolean isIn(String text) {
        return pattern.matcher(text).find();
    }

    private static Set<Phrase> of(String kind) {
        return switch (kind) {
            case "STE", "CD" -> {
                Set<Phrase> known = EnumSet.range(EVENT, WALKED);
                known.add(LEGAL);
                yield known;
            }
            case "L1STD" -> EnumSet.of(EVENT, NO_EVENT, ABORTED, ENTRY);
            case "CMD" -> EnumSet.range(COMMAND_ERROR, LEGAL);
            case "QUEUE" -> EnumSet.range(FULL, OVERFLOW);
            default -> throw new AssertionError("a vector of unknown kind " + kind);
        };
    }

    /** Fails unless something of an expectation is understood. */
    static void check(Vector vector) {
        Set<Phrase> known = of(vector.kind());
        assertThat(known)
                .as(
                        "%s %s expects '%s'; known are %s",
                        vector.kind(),
                        vector.id(),
                        vector.expected(),
                        known.stream().map(phrase -> phrase.description).toList())
                .anyMatch(phrase -> phrase.isIn(vector.expected()));
    }
}
