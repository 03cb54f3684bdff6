package org.sluice.trace;

/**
 * A line of a trace that cannot be read.
 *
 * @param file the file
 * @param line number of the line, from 1
 * @param reason what is wrong with it
 */
public record MalformedLine(String file, long line, String reason) {
    @Override
    public String toString() {
        return file + ":" + line + ": " + reason;
    }
}
