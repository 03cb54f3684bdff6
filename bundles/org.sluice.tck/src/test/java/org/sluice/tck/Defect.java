package org.sluice.tck;

/** Mistakes that authors of page-table formats make, each with the case that must notice it. */
enum Defect {
    /** None: the suite passes. */
    NONE(""),
    /** The last table of the top one is not given back with the space. */
    FORGETS_A_TABLE_ON_FREE("everyTableGoesBackWithTheSpace"),
    /** A map that meets a leaf says one page too many. */
    MAPPED_COUNTS_THE_PAGE_THAT_FAILED("mappedSaysHowFarAMapCameAndThatCanBeUnmapped"),
    /** A map that meets a leaf says 0 whatever it did. */
    MAPPED_IS_ALWAYS_ZERO("mappedSaysHowFarAMapCameAndThatCanBeUnmapped"),
    /** The last table that was used is remembered over its unlinking. */
    WRITES_INTO_AN_UNLINKED_TABLE("nothingIsWrittenIntoATableThatWasUnlinkedBefore"),
    /** Unmap steps over holes. */
    UNMAP_GOES_ON_BEHIND_A_HOLE("unmapStopsAtTheFirstHole"),
    /** Unmap of nothing says that it unmapped. */
    UNMAP_COUNTS_HOLES("unmapStopsAtTheFirstHole"),
    /** The table under an unmap of its size is dropped. */
    UNLINKED_TABLE_IS_NOT_GIVEN_TO_THE_GATHER("unmapOfATablesOwnSizeGivesItToTheGatherUntilTheSync"),
    /** The table under an unmap of its size is freed while the hardware may walk it. */
    UNLINKED_TABLE_IS_FREED_AT_ONCE("unmapOfATablesOwnSizeGivesItToTheGatherUntilTheSync"),
    /** A table goes with its last page. */
    EMPTY_TABLE_IS_TAKEN_OUT_BY_PAGES("unmappingPageByPageKeepsTheTables"),
    /** A block is written over a table that maps something. */
    BLOCK_OVER_A_TABLE_IN_USE("largerLeafOverASmallerOneIsEexistAndRetiresNothing"),
    /** A table in the way of a block is EEXIST even when it is empty. */
    EMPTY_TABLE_IS_IN_THE_WAY("largerLeafOverAnEmptyTableRetiresIt"),
    /** The table under a block is retired after the block was written. */
    RETIRES_AFTER_THE_BLOCK("largerLeafOverAnEmptyTableRetiresIt"),
    /** An existing leaf is replaced. */
    OVERWRITES_A_LEAF("leafOverLeafIsEexistAndTheOldOneStays"),
    /** Nobody compares the last page with the limit. */
    END_OF_THE_SPACE_IS_NOT_CHECKED("runOverTheEndOfTheAddressSpaceIsErangeAndMapsNothing"),
    /** The physical address is cut. */
    PADDR_IS_CUT("paddrOutsideTheOutputSizeIsErange"),
    /** Part of a block removes it. */
    PART_OF_A_BLOCK_REMOVES_IT("partOfALeafFollowsTheDeclaredRule"),
    /** Write permission is lost. */
    PROTECTION_IS_LOST("leafSaysTheProtectionItWasMappedWith"),
    /** The gather has the tables but not the range. */
    GATHER_HAS_NO_RANGE("everyPageSizeMapsTranslatesAndUnmaps"),
    /** The gather strides by blocks over the pages that were below. */
    GATHER_STRIDES_OVER_PAGES("unmapOfATablesOwnSizeGivesItToTheGatherUntilTheSync"),
    /** The root is not freed when something else of the creation fails. */
    CREATION_THAT_FAILS_KEEPS_THE_ROOT("enomemAtEachAllocationLeavesNothingMappedAndNothingLeaks"),
    /** Running out of memory is told as EEXIST. */
    ENOMEM_IS_TOLD_AS_EEXIST("enomemAtEachAllocationLeavesNothingMappedAndNothingLeaks"),
    /** A walk that was stopped goes on in the next table. */
    WALK_DOES_NOT_STOP("walkStopsWhenToldAndGoesOnBehindTheLastLeaf"),
    /** The survey forgets the top table. */
    SURVEY_LEAVES_OUT_THE_ROOT("surveyCountsLeavesTablesAndBytes"),
    /** Tables are taken over without a look at them. */
    ADOPTS_ANYTHING("tableThatIsReachedTwiceIsRefused"),
    /** Adoption cleans up. */
    ADOPTION_WRITES("adoptedTablesMapTheSameAndNothingIsWritten"),
    /** Tables are installed by a plain write. */
    INSTALLS_WITHOUT_COMPARE_AND_SET("tableThatWasMadeMeanwhileIsUsed"),
    /** An array for each map. */
    ALLOCATES_ON_THE_HEAP("mapUnmapAndLookUpAllocateNothingPerOperation"),
    /** The end of a long run is mapped to where the run's first page is. */
    LONG_RUN_BEGINS_AGAIN("rangeThatIsCutIntoSizesMapsAndUnmapsAsOne"),
    /** Clear does not clear. */
    MARKS_STAY("leafIsDirtyFromItsMarkUntilItIsCleared"),
    /** Marks are cleared unasked. */
    READING_CLEARS_MARKS("readingWithoutClearingWritesNothingAndNeedsNoGather"),
    /** Clearing takes rights away. */
    CLEARING_LOSES_PROTECTION("clearingChangesNothingButTheMark"),
    /** What was cleared is not invalidated. */
    CLEARED_LEAF_IS_NOT_GATHERED("whatWasClearedIsInTheGatherAndNothingElse"),
    /** Every leaf is read and cleared whatever the range. */
    DIRTY_RANGE_IS_IGNORED("leavesThatTheRangeTouchesAreTakenWholeAndNoOthers"),
    /** The visitor stops, and clearing goes on. */
    CLEARS_MARKS_BEHIND_A_STOP("visitorThatStopsLeavesTheMarksBehindIt"),
    /** Clearing is done where a device's mark may be lost. */
    CLEARS_BESIDE_THE_DEVICE("marksAreNotClearedWhereTheDeviceIsNotExcluded"),
    /** The clean leaf is written whatever is there by now. */
    CLEARING_BRINGS_BACK_A_LEAF("clearingDoesNotBringBackALeafThatWasUnmappedMeanwhile"),
    /** Leaves that were clean when they were read are made clean again. */
    CLEARS_WHAT_IT_DID_NOT_SEE("markThatComesMeanwhileIsSeenNowOrNextTime"),
    /** Blocks are split on hardware that does not accept it. */
    SPLITS_WITHOUT_CONSENT("splittingNeedsHardwareThatAcceptsIt"),
    /** The leaves of a block grant less than it did. */
    SPLIT_LOSES_PROTECTION("splitBlockMapsTheSameByTheNextSmallerLeaves"),
    /** The block is gone before the table is there. */
    SPLIT_BREAKS_BEFORE_IT_MAKES("splitBlockTranslatesAtEveryMoment"),
    /** The block is taken out before there is memory for its table. */
    SPLIT_THAT_FAILS_UNMAPS("splitWithoutMemoryIsEnomemAndChangesNothing"),
    /** The table is written whatever is there by now. */
    SPLIT_BRINGS_BACK_A_BLOCK("splittingDoesNotBringBackABlockThatWasUnmappedMeanwhile"),
    /** The leaves of a dirty block are clean. */
    SPLIT_FORGETS_MARKS("leavesOfASplitBlockAreAsDirtyAsItWas"),
    /** A look-up that saw a block and finds a table says that nothing is there. */
    LOOK_UP_MISSES_A_SPLIT("lookUpThatMeetsASplitTranslates"),
    /** Cut cuts nothing. */
    CUT_DOES_NOTHING("rangeThatWasCutIsUnmappedExactly");

    private final String noticedBy;

    Defect(String noticedBy) {
        this.noticedBy = noticedBy;
    }

    /** Name of the case that must fail. */
    String noticedBy() {
        return noticedBy;
    }
}
