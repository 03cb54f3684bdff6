/**
 * A board behind QEMU. {@link org.sluice.board.qemu.QemuBoardComponent} makes one {@link org.sluice.spi.board.Board} of each
 * configuration; everything else is private to the bundle.
 */
package org.sluice.board.qemu;
