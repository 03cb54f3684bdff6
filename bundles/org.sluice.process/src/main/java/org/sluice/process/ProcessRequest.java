package org.sluice.process;

/**
 * What a process is to be made of.
 *
 * @param board name of the board whose memory it uses
 * @param format page-table format, by its Linux name
 * @param inputBits width of a virtual address
 * @param outputBits width of a physical address
 */
public record ProcessRequest(String board, String format, int inputBits, int outputBits) {
    /**
     * As on an arm64 kernel with 4 KiB pages and 48 bits.
     *
     * @param board name of the board
     * @return the request
     */
    public static ProcessRequest on(String board) {
        return new ProcessRequest(board, "ARM_64_LPAE_S1", 48, 48);
    }

    /**
     * The same with other widths.
     *
     * @param input width of a virtual address
     * @param output width of a physical address
     * @return the request
     */
    public ProcessRequest withBits(int input, int output) {
        return new ProcessRequest(board, format, input, output);
    }
}
