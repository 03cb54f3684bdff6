package org.sluice.trace.internal.proof;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.sluice.trace.Mismatch;
import org.sluice.trace.internal.machine.Stream;

/** Mismatches and remarks of one replay. Any thread may add. */
public final class Score {
    private static final int KEPT = 100;

    private final String capture;
    private final List<Mismatch> first = new ArrayList<>();
    private final Set<String> notes = new LinkedHashSet<>();
    private final Set<String> shown = new LinkedHashSet<>();
    private final Set<String> unsupported = new LinkedHashSet<>();
    private long mismatches;

    /**
     * An empty score.
     *
     * @param capture name of the capture
     */
    public Score(String capture) {
        this.capture = capture;
    }

    /**
     * Something of a stream is not as it should be.
     *
     * @param stream the stream
     * @param pasid PASID, or -1
     * @param iova bytes
     * @param what what was looked at
     * @param expected what should be
     * @param found what is
     */
    public void mismatch(Stream stream, int pasid, long iova, String what, String expected, String found) {
        stream.mismatched();
        add(new Mismatch(capture, what, stream.id(), pasid, iova, expected, found));
    }

    /**
     * Something that concerns no stream is not as it should be.
     *
     * @param what what was looked at
     * @param expected what should be
     * @param found what is
     */
    public void mismatch(String what, String expected, String found) {
        add(new Mismatch(capture, what, -1, -1, 0, expected, found));
    }

    /**
     * A remark for the report; the same one counts once.
     *
     * @param text the remark
     */
    public synchronized void note(String text) {
        notes.add(capture + ": " + text);
    }

    /**
     * Something beyond the trace that was proved; the same one counts once.
     *
     * @param text what
     */
    public synchronized void shown(String text) {
        shown.add(capture + ": " + text);
    }

    /**
     * What was proved beyond the trace.
     *
     * @return a snapshot
     */
    public synchronized List<String> shown() {
        return List.copyOf(shown);
    }

    /**
     * Something that the machine does not have, so that it could not be shown; the same one counts once.
     *
     * @param text what
     */
    public synchronized void unsupported(String text) {
        unsupported.add(capture + ": " + text);
    }

    /**
     * What could not be shown.
     *
     * @return a snapshot
     */
    public synchronized List<String> unsupported() {
        return List.copyOf(unsupported);
    }

    /**
     * Mismatches so far.
     *
     * @return how many
     */
    public synchronized long mismatchCount() {
        return mismatches;
    }

    /**
     * The first mismatches.
     *
     * @return at most 100, a snapshot
     */
    public synchronized List<Mismatch> mismatches() {
        return List.copyOf(first);
    }

    /**
     * The remarks.
     *
     * @return a snapshot
     */
    public synchronized List<String> notes() {
        return List.copyOf(notes);
    }

    private synchronized void add(Mismatch mismatch) {
        mismatches++;
        if (first.size() < KEPT) {
            first.add(mismatch);
        }
    }
}
