package org.sluice.smmuv3.model;

/** What a command queue does with what it fetched. Called by one thread at a time. */
interface Commands {
    /**
     * Executes a command.
     *
     * @return the command error: CERROR_NONE, _ILL, or _ATC_INV_SYNC for a SYNC
     */
    long execute(long word0, long word1);

    /** CONS has passed the command: a SYNC that asked for it is signalled now. */
    void completed();
}
