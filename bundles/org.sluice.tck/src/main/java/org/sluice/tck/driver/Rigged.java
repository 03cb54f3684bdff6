package org.sluice.tck.driver;

/** Cases that need a board. */
interface Rigged {
    /** A board with two endpoints. */
    Rig rig();

    /** A board of another identity, with endpoints of consecutive StreamIDs. */
    Rig rig(Identity identity, int streams);
}
