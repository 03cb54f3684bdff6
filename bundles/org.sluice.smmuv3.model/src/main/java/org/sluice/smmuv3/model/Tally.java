package org.sluice.smmuv3.model;

/**
 * What one thread counts of transactions that its {@link MicroTlb} served, of one stream, level and direction. Only its thread
 * writes; whoever adds up may read an old value. Fields on both sides keep others off its cache lines, and are in classes of
 * their own because a virtual machine may order those of one class as it likes.
 */
final class Tally extends CountsOfTally {
    /** Levels and directions of a stream. */
    static final int KINDS = 2 * (Granule.LAST_LEVEL + 1);

    long last0;
    long last1;
    long last2;
    long last3;
    long last4;
    long last5;
    long last6;
    long last7;

    /** Which of a stream's tallies. */
    static int kind(int level, boolean write) {
        return 2 * level + (write ? 1 : 0);
    }
}

abstract class FrontOfTally {
    long first0;
    long first1;
    long first2;
    long first3;
    long first4;
    long first5;
    long first6;
    long first7;
}

abstract class CountsOfTally extends FrontOfTally {
    long transactions;
    long bytes;
}
