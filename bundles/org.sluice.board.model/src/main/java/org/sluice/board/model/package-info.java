/**
 * A board in process. {@link org.sluice.board.model.ModelBoardComponent} makes one {@link org.sluice.spi.board.Board} of
 * each configuration; everything else is private to the bundle.
 */
package org.sluice.board.model;
